import type { Labels } from "@wsight/protocol";
import type { ColumnName, SeriesColumns } from "../../store/reader.ts";
import type { NumberStream } from "./stream.ts";

/** What has to be read of a gauge or counter. */
export function columnsFor(kind: "counter" | "gauge", isCoarse: boolean, looksWithin: boolean): readonly ColumnName[] {
  if (!isCoarse) return ["last"];
  if (kind === "counter") return ["last", "sum"];
  return looksWithin ? ["last", "min", "max", "sum", "count"] : ["last"];
}

/** A gauge or counter as Prometheus would have scraped it. */
export function numberStream(labels: Labels, columns: SeriesColumns, times: Float64Array): NumberStream {
  const { last, sum, min, max, count, stepMs, series } = columns;
  const isCoarse = sum.length > 0;
  const isCounter = series.series.metric.kind === "counter";
  return {
    type: "number",
    labels,
    times,
    stepMs,
    values: last,
    grown: isCounter && isCoarse ? growthOf(last, sum) : null,
    within: !isCounter && isCoarse ? { min, max, sum, count } : null,
  };
}

/**
 * Growth since the first value. Within a long interval a counter may have begun
 * anew and outgrown what it was, which only its recorded growth tells; between
 * two intervals that are not neighbours, only its value.
 */
function growthOf(last: Float64Array, sum: Float64Array): Float64Array {
  const grown = new Float64Array(last.length);
  for (let i = 1; i < last.length; i++) {
    const now = last[i] ?? 0;
    const before = last[i - 1] ?? 0;
    grown[i] = (grown[i - 1] ?? 0) + Math.max(sum[i] ?? 0, now >= before ? now - before : now);
  }
  return grown;
}
