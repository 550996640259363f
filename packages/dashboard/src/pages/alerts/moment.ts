import { type Labels, pageOfMetric } from "@wsight/protocol";
import { clampRange } from "../../past-control.ts";
import type { Place } from "../../state/route.ts";

/** What is known of an alert, now or once. */
export interface AlertMoment {
  readonly metric: string;
  readonly labels: Labels;
  readonly activeAt: number;
  /** When it was over; `null` while it goes on. */
  readonly endedAt: number | null;
}

/** Before it began, and so long after it ended, ms. */
const BEFORE_MS = 5 * 60_000;
const AFTER_MS = 2 * 60_000;
/** Shortest and longest stretch that is opened, ms. */
const [LEAST_MS, MOST_MS] = [15 * 60_000, 6 * 3_600_000];

/** The page and the time in which an alert can be seen. @param now ms epoch of the hub */
export function momentOf({ metric, labels, activeAt, endedAt }: AlertMoment, now: number): Partial<Place> {
  const fromAt = activeAt - BEFORE_MS;
  const seenTo = endedAt === null ? now : endedAt + AFTER_MS;
  const toAt = Math.min(fromAt + MOST_MS, Math.max(fromAt + LEAST_MS, seenTo));
  const page = pageOfMetric(metric);
  const { queue } = labels;
  return {
    page,
    // Figures of queues are the hub's own, of no process.
    node: page === "jobs" ? null : (labels.node ?? null),
    // What is after now can't be shown, and would move the beginning away.
    range: clampRange({ fromAt, toAt: Math.min(now, toAt) }, now),
    params: page === "jobs" && queue !== undefined ? { queue } : {},
  };
}
