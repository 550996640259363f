import type { QueueRow, QueuesTable, WorkerRow, WorkersTable } from "@wsight/protocol";

/** Figures of one queue, or of all together. */
export interface QueueSum {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** Of those that ended, whatever became of them. */
  readonly endedPerMinute: number;
  readonly failedPerMinute: number;
  readonly addedPerMinute: number;
  readonly oldestWaitMs: number | null;
  /** Queues among them that are paused. */
  readonly paused: number;
}

/** The queues that are looked at: one, or all; empty when the one is not there. */
export function queuesInView(table: QueuesTable | null, chosen: string | null): readonly QueueRow[] {
  const rows = table?.rows ?? [];
  return chosen === null ? rows : rows.filter(({ queue }) => queue === chosen);
}

/** All of them together; `null` for none. */
export function sumOf(rows: readonly QueueRow[]): QueueSum | null {
  if (rows.length === 0) return null;
  const add = (read: (row: QueueRow) => number) => rows.reduce((sum, row) => sum + read(row), 0);
  const waits = rows.flatMap(({ oldestWaitMs }) => (oldestWaitMs === null ? [] : [oldestWaitMs]));
  return {
    waiting: add((row) => row.waiting),
    active: add((row) => row.active),
    delayed: add((row) => row.delayed),
    failed: add((row) => row.failed),
    endedPerMinute: add((row) => row.donePerMinute),
    failedPerMinute: add((row) => row.failedPerMinute),
    addedPerMinute: add((row) => row.addedPerMinute),
    oldestWaitMs: waits.length === 0 ? null : Math.max(...waits),
    paused: rows.filter(({ paused }) => paused).length,
  };
}

/** Jobs of a queue that were done within the last minute, without those that failed. */
export function doneOf({ donePerMinute, failedPerMinute }: QueueRow): number {
  return Math.max(0, donePerMinute - failedPerMinute);
}

/** The workers that are looked at. */
export interface WorkersInView {
  readonly rows: readonly WorkerRow[];
  /** Of all, those included that are not among the rows. */
  readonly total: number;
  readonly stalled: number;
  readonly dead: number;
}

/** Workers of one queue, or of all. */
export function workersInView(table: WorkersTable | null, chosen: string | null): WorkersInView | null {
  if (table === null) return null;
  if (chosen === null) return table;
  const rows = table.rows.filter(({ queue }) => queue === chosen);
  const inState = (state: WorkerRow["state"]) => rows.filter((row) => row.state === state).length;
  return { rows, total: rows.length - inState("silent"), stalled: inState("stalled"), dead: inState("dead") };
}

/** How evenly jobs are spread over workers: the mean share of places in use, and who stands out. */
export interface WorkerBalance {
  /** 0–1, of workers that are there. */
  readonly meanUse: number;
  readonly busiest: WorkerRow;
  /** Its use by the mean: 1 is even. */
  readonly factor: number;
}

/** `null` for less than two workers of which anything is known. */
export function balanceOf(rows: readonly WorkerRow[]): WorkerBalance | null {
  const known = rows.flatMap((row) =>
    row.utilization === null || row.state === "dead" || row.state === "silent" ? [] : [{ row, use: row.utilization }],
  );
  if (known.length < 2) return null;
  const meanUse = known.reduce((sum, { use }) => sum + use, 0) / known.length;
  const busiest = known.reduce((most, each) => (each.use > most.use ? each : most));
  return { meanUse, busiest: busiest.row, factor: meanUse === 0 ? 1 : busiest.use / meanUse };
}

/** What is to be expected of those that wait: `~3 min`, and between what; `null` where nobody knows. */
export function clearsOf({ clearsInMs, clearsLowMs, clearsHighMs }: QueueRow): {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
} | null {
  if (clearsInMs === null) return null;
  return { p50: clearsInMs, p10: clearsLowMs ?? clearsInMs, p90: clearsHighMs ?? clearsInMs };
}
