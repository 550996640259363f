import type { Labels, QueueRow, WorkersTable } from "@wsight/protocol";
import type { JobOutcome } from "../job-meter.ts";
import type { OwnLine, OwnNode } from "./own-node.ts";

const STATES = ["waiting", "active", "delayed"] as const;
const OUTCOMES: readonly JobOutcome[] = ["completed", "failed"];
const UNWELL = ["stalled", "dead"] as const;

/** What the workers of one queue come to. */
export interface WorkerShares {
  /** Share of their places in use, 0–1; NaN for none. */
  readonly utilization: number;
  readonly stalled: number;
  readonly dead: number;
}

/**
 * All series of one queue. Each begins with the first figure there is, so that what is not known is not there. How it
 * stands ends with the queue, so that nothing is missed of one that is gone; what was counted stays for a while.
 */
export class QueueFigures {
  readonly #node: OwnNode;
  readonly #queue: string;
  readonly #counted = new Map<string, OwnLine | null>();
  readonly #standing = new Map<string, OwnLine | null>();

  constructor(node: OwnNode, queue: string) {
    this.#node = node;
    this.#queue = queue;
  }

  added(): void {
    this.#count("queue.jobs.added")?.add(1);
  }

  waited(seconds: number): void {
    this.#count("queue.job.wait")?.record(seconds);
  }

  /** @param runSeconds `null` when nobody told of its start */
  ended(outcome: JobOutcome, runSeconds: number | null): void {
    // Both are there from the first end on, so that a share of none is told as that.
    for (const one of OUTCOMES) this.#count("queue.jobs.ended", { "queue.job.outcome": one });
    this.#count("queue.jobs.ended", { "queue.job.outcome": outcome })?.add(1);
    if (runSeconds !== null) this.#count("queue.job.duration", { "queue.job.outcome": outcome })?.record(runSeconds);
  }

  retried(): void {
    this.#count("queue.job.retries")?.add(1);
  }

  stalled(): void {
    this.#count("queue.job.stalls")?.add(1);
  }

  /** How it stands; `null` when there is no such queue any more. */
  stands(row: QueueRow | null, workers: WorkerShares | null): void {
    if (row === null) {
      endAll(this.#standing);
      return;
    }
    for (const state of STATES) this.#set("queue.jobs", row[state], { "queue.job.state": state });
    this.#set("queue.workers", row.workers);
    this.#set("queue.capacity", row.capacity);
    this.#set("queue.oldest_wait", oldestWait(row));
    this.#set("queue.worker.utilization", workers?.utilization ?? null);
    for (const state of UNWELL)
      this.#set("queue.workers.unwell", workers?.[state] ?? null, { "queue.worker.state": state });
  }

  end(): void {
    endAll(this.#standing);
    endAll(this.#counted);
  }

  #set(metric: string, value: number | null, labels: Labels = {}): void {
    const known = value ?? Number.NaN;
    if (Number.isNaN(known) && !this.#standing.has(keyOf(metric, labels))) return;
    this.#line(this.#standing, metric, labels)?.set(known);
  }

  #count(metric: string, labels: Labels = {}): OwnLine | null {
    return this.#line(this.#counted, metric, labels);
  }

  #line(lines: Map<string, OwnLine | null>, metric: string, labels: Labels): OwnLine | null {
    const key = keyOf(metric, labels);
    let line = lines.get(key);
    if (line === undefined) {
      line = this.#node.line(metric, { queue: this.#queue, ...labels });
      lines.set(key, line);
    }
    return line;
  }
}

function endAll(lines: Map<string, OwnLine | null>): void {
  for (const line of lines.values()) line?.end();
  lines.clear();
}

function keyOf(metric: string, labels: Labels): string {
  return [metric, ...Object.values(labels)].join(" ");
}

/** Nobody waits: that is no time, and known. */
function oldestWait({ waiting, oldestWaitMs }: QueueRow): number | null {
  if (oldestWaitMs !== null) return oldestWaitMs / 1000;
  return waiting === 0 ? 0 : null;
}

/** Puts workers together by queue. */
export function sharesByQueue({ rows }: WorkersTable): ReadonlyMap<string, WorkerShares> {
  const sums = new Map<string, { used: number; places: number; stalled: number; dead: number }>();
  for (const { queue, state, utilization, concurrency } of rows) {
    const sum = sums.get(queue) ?? { used: 0, places: 0, stalled: 0, dead: 0 };
    sums.set(queue, sum);
    if (state === "stalled" || state === "dead") sum[state]++;
    if (utilization === null || state === "dead") continue;
    sum.used += utilization * (concurrency ?? 1);
    sum.places += concurrency ?? 1;
  }
  return new Map(
    [...sums].map(([queue, { used, places, stalled, dead }]) => [queue, { utilization: used / places, stalled, dead }]),
  );
}
