import {
  type Aggregate,
  findMetric,
  type HistoryAggregate,
  type HistorySelector,
  type Selector,
} from "@wsight/protocol";

/**
 * The past of what a live selector shows. A reading of a gauge becomes the
 * mean of its interval, since one second of many would say little of them; a
 * row of a heatmap stays one.
 */
export function pastOf(selector: Selector): HistorySelector {
  const { metric, agg, where, node, octave } = selector;
  return {
    metric,
    agg: aggregateOf(metric, agg),
    ...(where === undefined || Object.keys(where).length === 0 ? {} : { where }),
    ...(node === undefined ? {} : { nodes: [node] }),
    ...(octave === undefined ? {} : { octave }),
  };
}

/**
 * What a chart of live lines shows, as few figures of the past: lines that
 * differ by their node or by one attribute alone are one figure split by it,
 * and the rows of a heatmap are one p95.
 */
export function figuresOfLines(selectors: readonly Selector[]): readonly HistorySelector[] {
  const figures = new Map<string, HistorySelector>();
  for (const selector of selectors) {
    const { octave, ...figure } = pastOf(selector);
    const whole: HistorySelector = octave === undefined ? figure : { ...figure, agg: "p95" };
    figures.set(JSON.stringify(whole), whole);
  }
  const groups = new Map<string, HistorySelector[]>();
  for (const figure of figures.values()) {
    const name = `${figure.agg}(${figure.metric})`;
    groups.set(name, [...(groups.get(name) ?? []), figure]);
  }
  return [...groups.values()].flatMap(joinSplit);
}

function joinSplit(group: readonly HistorySelector[]): readonly HistorySelector[] {
  const [first] = group;
  if (first === undefined || group.length < 2) return group;
  const { nodes: _nodes, where: _where, ...rest } = first;
  const same = (values: readonly string[]) => new Set(values).size === 1;
  const wheres = group.map(({ where }) => JSON.stringify(where ?? {}));
  if (group.every(({ nodes }) => nodes !== undefined) && same(wheres)) {
    return [{ ...rest, ...(first.where === undefined ? {} : { where: first.where }), by: ["node"] }];
  }
  const names = [...new Set(group.flatMap(({ where = {} }) => Object.keys(where)))];
  const varying = names.filter((name) => !same(group.map(({ where = {} }) => where[name] ?? "")));
  const [split] = varying;
  const everywhere = group.every(({ where }) => Object.keys(where ?? {}).length === names.length);
  if (split === undefined || varying.length > 1 || !everywhere) return group;
  if (!same(group.map(({ nodes }) => (nodes ?? []).join()))) return group;
  const where = Object.fromEntries(Object.entries(first.where ?? {}).filter(([name]) => name !== split));
  return [
    {
      ...rest,
      ...(Object.keys(where).length === 0 ? {} : { where }),
      ...(first.nodes === undefined ? {} : { nodes: first.nodes }),
      by: [split],
    },
  ];
}

function aggregateOf(metric: string, agg: Aggregate): HistoryAggregate {
  return agg === "last" && findMetric(metric)?.kind === "gauge" ? "mean" : agg;
}
