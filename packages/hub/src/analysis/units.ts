import type { HistoryResult, MetricDefinition } from "@wsight/protocol";

/** Aggregates that are by the second. */
const PER_SECOND: ReadonlySet<string> = new Set(["rate", "octave"]);

/** Unit of what a selector answers. */
export function unitOf({ kind, unit }: MetricDefinition, agg: string): HistoryResult["unit"] {
  if (PER_SECOND.has(agg)) return kind === "histogram" ? "1/s" : `${unit}/s`;
  return kind === "histogram" && agg === "count" ? "1" : unit;
}
