import { type AlertFigure, findIndicator, findMetric } from "@wsight/protocol";
import { unitOf } from "../analysis/query.ts";

/** Unit of what a rule looks at, as in the catalogue, `/s` behind it for rates; empty for what is not known. */
export function figureUnit({ metric, agg }: Pick<AlertFigure, "metric" | "agg">): string {
  const indicator = findIndicator(metric);
  if (indicator !== undefined) return indicator.unit;
  const definition = findMetric(metric);
  return definition === undefined ? "" : unitOf(definition, agg);
}
