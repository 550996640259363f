import { AGGREGATES, type AlertRule, findMetric, type Labels, type Selector } from "@wsight/protocol";

/** Longest window of a live series, seconds. */
const LONGEST_WINDOW_S = 900;

/**
 * The live series that shows what a rule looks at for one label set; `null`
 * for what is made of several metrics, or taken in a way that is not sent live.
 */
export function figureOf(rule: AlertRule, labels: Labels): Selector | null {
  const metric = findMetric(rule.metric);
  if (rule.kind !== "threshold" || metric === undefined) return null;
  const agg = (AGGREGATES[metric.kind] as readonly string[]).find((name) => name === rule.agg);
  const { node = rule.filter.nodes?.[0], service, ...attributes } = labels;
  const several =
    node === undefined ? service !== undefined : (rule.filter.nodes?.length ?? 0) > 1 && labels.node === undefined;
  if (agg === undefined || several) return null;
  const where = { ...rule.filter.where, ...attributes };
  const windowed = metric.kind === "histogram" || agg === "rate";
  return {
    metric: rule.metric,
    agg: agg as Selector["agg"],
    ...(Object.keys(where).length === 0 ? {} : { where }),
    ...(node === undefined ? {} : { node }),
    ...(windowed ? { window: Math.min(LONGEST_WINDOW_S, rule.windowSec) } : {}),
  };
}
