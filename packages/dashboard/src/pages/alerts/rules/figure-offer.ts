import { type AlertFigure, findIndicator, findMetric, HISTORY_AGGREGATES, type HistoryResult } from "@wsight/protocol";
import { metricTitle } from "../../history/names.ts";
import { AGGREGATE_NAMES } from "../../history/units.ts";

/** What a metric or an indicator offers to rules. */
export interface FigureOffer {
  /** For people: `Message latency`. */
  readonly title: string;
  readonly help: string;
  /** What it can be narrowed and grouped by, without `node` and `service`. */
  readonly attributes: readonly string[];
  readonly aggregates: readonly AlertFigure["agg"][];
  /** True when its statistics are known: a Wilson bound or a burn rate can be asked of it. */
  readonly ratio: boolean;
}

/** Shares a second: time that passes each second in something. */
const PER_SECOND: readonly string[] = ["rate"];

/** What is known of a metric or an indicator; `null` for what is neither. */
export function offerOf(name: string): FigureOffer | null {
  const indicator = findIndicator(name);
  if (indicator !== undefined) {
    const { help, attributes, kind } = indicator;
    return { title: metricTitle(name), help, attributes, aggregates: ["value"], ratio: kind === "ratio" };
  }
  const metric = findMetric(name);
  if (metric === undefined) return null;
  return {
    title: metricTitle(name),
    help: metric.help,
    attributes: metric.attributes,
    // Octaves are rows of a heatmap: nothing that a limit could be set for.
    aggregates: HISTORY_AGGREGATES[metric.kind].filter((agg) => agg !== "octave"),
    ratio: false,
  };
}

/** Unit of a figure's values, as in the catalogue, `/s` behind it for rates. */
export function unitOfFigure({ metric, agg }: Pick<AlertFigure, "metric" | "agg">): HistoryResult["unit"] {
  const definition = findMetric(metric);
  if (definition === undefined) return findIndicator(metric)?.unit ?? "1";
  const { kind, unit } = definition;
  if (PER_SECOND.includes(agg)) return kind === "histogram" ? "1/s" : `${unit}/s`;
  return kind === "histogram" && agg === "count" ? "1" : unit;
}

/** What of it is taken: `p95`, `mean`; empty for an indicator. */
export function aggregateName(agg: AlertFigure["agg"]): string {
  return agg === "value" ? "" : AGGREGATE_NAMES[agg];
}
