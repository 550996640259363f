import type { LiveTableRows } from "@wsight/protocol";
import type { HeatCell } from "../../charts/heatmap.tsx";

/** A slow event and the node it was on. */
export type SlowEvent = LiveTableRows["slow"][number];

/** Slow events that fall into a cell of the heatmap, the slowest first. Broadcasts are not in the heatmap. */
export function slowOfCell(rows: readonly SlowEvent[], cell: HeatCell): readonly SlowEvent[] {
  return rows
    .filter(
      ({ at, seconds, kind }) =>
        kind !== "broadcast" &&
        at >= cell.fromAt &&
        at < cell.toAt &&
        seconds > 2 ** (cell.octave - 1) &&
        seconds <= 2 ** cell.octave,
    )
    .sort((a, b) => b.seconds - a.seconds);
}

/** Where the time of a slow event went, as far as it is known. */
export interface Breakdown {
  /** Seconds it waited for the event loop at most; `null` when not known. */
  readonly queue: number | null;
  /** Seconds in the handler, until the ack, or in the broadcast. */
  readonly work: number;
  /** Bytes that waited in the connection's send buffer; `null` when not known. */
  readonly waiting: number | null;
  /** Share of the queue in both together, for a bar. */
  readonly queueShare: number | null;
}

/** Splits a slow event. The queue is a bound: the lag around that time, not this event's own wait. */
export function breakdownOf({ queueSeconds, seconds, bufferedBytes }: SlowEvent): Breakdown {
  const whole = seconds + (queueSeconds ?? 0);
  return {
    queue: queueSeconds,
    work: seconds,
    waiting: bufferedBytes,
    queueShare: queueSeconds === null || whole === 0 ? null : queueSeconds / whole,
  };
}

/** A group ends where events took less than this share of its slowest. */
const ALIKE = 0.9;

/** The slowest of events that are alike, and how many it stands for. */
export interface SlowGroup extends SlowEvent {
  readonly times: number;
  /** Seconds that the quickest of them took. */
  readonly shortest: number;
}

/**
 * Puts events together that say the same: of one name and kind, on one node,
 * in one second, and at most a tenth quicker than the slowest of them. One
 * stall holds up many at once. The slowest group comes first.
 */
export function groupSlow(rows: readonly SlowEvent[]): readonly SlowGroup[] {
  const groups: SlowGroup[] = [];
  const newest = new Map<string, number>();
  for (const row of [...rows].sort((a, b) => b.seconds - a.seconds)) {
    const key = JSON.stringify([row.node, row.library, row.kind, row.event, Math.floor(row.at / 1000)]);
    const place = newest.get(key) ?? -1;
    const group = groups[place];
    if (group !== undefined && row.seconds >= group.seconds * ALIKE) {
      groups[place] = { ...group, times: group.times + 1, shortest: row.seconds };
    } else newest.set(key, groups.push({ ...row, times: 1, shortest: row.seconds }) - 1);
  }
  return groups;
}
