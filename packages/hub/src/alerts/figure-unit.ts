import { type AlertRule, findIndicator, findMetric } from "@wsight/protocol";
import { unitOf } from "../analysis/units.ts";

/**
 * Unit of a rule's values, as in the catalogue, `/s` behind it for rates; empty for what is not known, and for kinds
 * whose value is a plain number: how many times as fast a budget burns, whether conditions hold.
 */
export function figureUnit({ kind, metric, agg }: Pick<AlertRule, "kind" | "metric" | "agg">): string {
  if (kind === "burn_rate" || kind === "composite") return "";
  const indicator = findIndicator(metric);
  if (indicator !== undefined) return indicator.unit;
  const definition = findMetric(metric);
  return definition === undefined ? "" : unitOf(definition, agg);
}
