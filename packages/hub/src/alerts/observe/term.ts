import {
  type AlertFilter,
  expected,
  findMetric,
  type HistoryAggregate,
  type IndicatorTerm,
  type MetricDefinition,
  WsightError,
} from "@wsight/protocol";
import type { SeriesWindows, WindowChoice, WindowGroup } from "../../current/window-view.ts";
import { canFold, type Fold, type Folded, foldOf } from "./fold.ts";

/** Where figures are read: from `current`, or from history. */
export interface WindowSource {
  windows(choice: WindowChoice): SeriesWindows;
}

/** Labels that series of every metric can be put together by. */
const OF_NODES: readonly string[] = ["node", "service"];

/** One metric of a figure in groups. */
export class Term {
  readonly #windows: SeriesWindows;
  readonly #fold: Fold;

  /** @throws WsightError `BAD_REQUEST` for a metric, aggregate or label that there is not */
  constructor(source: WindowSource, term: IndicatorTerm, filter: AlertFilter, by: readonly string[]) {
    const metric = metricOf(term.metric);
    const agg = aggregateOf(metric, term.agg);
    this.#fold = foldOf(metric, agg);
    checkLabels(metric, [...by, ...Object.keys(filter.where ?? {})]);
    const where = { ...filter.where, ...term.where };
    const { nodes } = filter;
    this.#windows = source.windows({ metric: metric.name, agg, where, by, ...(nodes === undefined ? {} : { nodes }) });
  }

  /** Groups as they stand; another array when any came or went. */
  groups(): readonly WindowGroup[] {
    return this.#windows.groups();
  }

  /** What a group came to. */
  read(group: WindowGroup, second: number, seconds: number, into: Folded): void {
    this.#fold(group, second, seconds, into);
  }
}

/** A group of one of a figure's terms. */
export type Part = readonly [term: Term, group: WindowGroup];

/** The metric of a name. @throws WsightError `BAD_REQUEST` */
export function metricOf(name: string): MetricDefinition {
  const metric = findMetric(name);
  if (metric === undefined) throw expected("BAD_REQUEST", "metric", "a metric of the catalogue or an indicator", name);
  return metric;
}

function aggregateOf(metric: MetricDefinition, agg: string): HistoryAggregate {
  if (canFold(metric, agg)) return agg;
  throw expected("BAD_REQUEST", `agg of ${metric.name}`, `what can be asked of a ${metric.kind}`, agg);
}

function checkLabels({ name, attributes }: MetricDefinition, labels: readonly string[]): void {
  const stranger = labels.find((label) => !OF_NODES.includes(label) && !attributes.includes(label));
  if (stranger === undefined) return;
  const has = [...OF_NODES, ...attributes].join(", ");
  throw new WsightError("BAD_REQUEST", `labels of ${name}: expected ${has}, got ${stranger}`);
}
