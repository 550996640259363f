import { type AlertRule, findIndicator, WsightError } from "@wsight/protocol";
import type { Observation } from "../observation.ts";
import { type FigureRow, keyOf } from "./figure.ts";
import type { Figures } from "./figures.ts";
import { judge } from "./judge.ts";
import { SeenList, type Watch } from "./watch.ts";
import { wilsonLowerBound } from "./wilson.ts";

/** Fewer bad events than these prove nothing, whatever all of them are. */
const MIN_BAD = 3;

/** A figure and its limits. */
export function openThreshold(rule: AlertRule, figures: Figures): Watch {
  const figure = figures.open(rule, rule.groupBy);
  const inverted = findIndicator(rule.metric)?.inverted ?? false;
  if (rule.wilson && findIndicator(rule.metric)?.kind !== "ratio") {
    throw new WsightError("BAD_REQUEST", `wilson: ${rule.metric} is no ratio of events, so it has no such bound`);
  }

  function observed(row: FigureRow): Observation {
    const { labels, value, samples } = row;
    if (samples < rule.minSamples)
      return { labels, value, samples, level: null, good: true, limit: rule.warn ?? rule.crit };
    return { labels, value, samples, ...judge(rule, rule.wilson ? sureValue(row, inverted) : value) };
  }

  return {
    observe(second) {
      const list = new SeenList();
      for (const row of figure.rows(second)) {
        if (Number.isFinite(row.value) && list.hasRoom()) list.seen.push(observed(row));
      }
      return list;
    },
    groups: (labels) => figure.groups(keyOf(labels, rule.groupBy)),
  };
}

/** A figure that is wanted to be there, whatever it is. */
export function openNoData(rule: AlertRule, figures: Figures): Watch {
  const figure = figures.open(rule, rule.groupBy);
  return {
    observe(second) {
      const list = new SeenList();
      for (const { labels, value, samples } of figure.rows(second)) {
        if (!Number.isFinite(value) || !list.hasRoom()) continue;
        list.seen.push({ labels, value, samples, level: null, good: true, limit: null });
      }
      return list;
    },
    groups: (labels) => figure.groups(keyOf(labels, rule.groupBy)),
  };
}

/** The ratio at its best that the events leave room for: only what is surely bad is taken for bad. */
function sureValue({ part, whole }: Pick<FigureRow, "part" | "whole">, inverted: boolean): number {
  const bad = inverted ? whole - part : part;
  const share = bad < MIN_BAD ? 0 : wilsonLowerBound(bad, whole);
  return inverted ? 1 - share : share;
}
