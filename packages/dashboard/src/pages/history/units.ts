import type { HistoryAggregate, HistoryResult } from "@wsight/protocol";
import { byteRate, bytes, count, duration, type Formatter, rate, share } from "../../format/quantity.ts";

type Unit = HistoryResult["unit"];

/** How values of a unit read. */
export function formatOf(unit: Unit): Formatter {
  if (unit === "By/s") return byteRate;
  // Seconds a second are a share of the time.
  if (unit === "s/s") return share;
  if (unit.endsWith("/s")) return rate;
  return { s: duration, By: bytes, "1": share }[unit as string] ?? count;
}

/** A unit for a head of a table or a file: `s`, `By/s`, `1`, `connection`. */
export function unitWord(unit: Unit): string {
  return unit.replace(/[{}]/g, "");
}

/** What of a figure's unit decides whether it can share a chart with another. */
export function axisOf(unit: Unit): string {
  return unit.endsWith("/s") ? (unit.startsWith("By") || unit.startsWith("s/") ? unit : "/s") : unit;
}

/** What an aggregate is called. */
export const AGGREGATE_NAMES: Readonly<Record<HistoryAggregate, string>> = {
  rate: "rate",
  increase: "increase",
  total: "total",
  mean: "mean",
  min: "lowest",
  max: "highest",
  sum: "sum",
  last: "last",
  count: "count",
  p50: "p50",
  p75: "p75",
  p90: "p90",
  p95: "p95",
  p99: "p99",
  p999: "p99.9",
  octave: "octave",
};
