import {
  type AlertFigure,
  expected,
  findIndicator,
  groupLabelsOf,
  type Indicator,
  WsightError,
} from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import type { Figure, FigureRow } from "./figure.ts";
import { NodeFigure } from "./node-figure.ts";
import { PlainFigure } from "./plain-figure.ts";
import { RatioFigure } from "./ratio-figure.ts";
import { metricOf, type WindowSource } from "./term.ts";

/** Figures of rules; those that look at the same share it, and it is read once a second. */
export class Figures {
  readonly #source: WindowSource;
  /** Whoever asked for a figure holds it; here it is only found again. */
  readonly #shelf = new Map<string, WeakRef<Figure>>();
  #sweepAbove = 64;

  constructor(source: WindowSource) {
    this.#source = source;
  }

  /** @throws WsightError `BAD_REQUEST` when there is no such figure */
  open(figure: AlertFigure, by: readonly string[]): Figure {
    const { metric, agg, windowSec, filter } = figure;
    const where = Object.entries(filter.where ?? {}).sort();
    const key = JSON.stringify([metric, agg, windowSec, where, filter.nodes?.toSorted() ?? null, by]);
    const shared = this.#shelf.get(key)?.deref();
    if (shared !== undefined) return shared;
    const opened = new SharedFigure(openFigure(this.#source, figure, by));
    if (this.#shelf.size >= this.#sweepAbove) this.#sweep();
    this.#shelf.set(key, new WeakRef(opened));
    return opened;
  }

  #sweep(): void {
    for (const [key, figure] of this.#shelf) if (figure.deref() === undefined) this.#shelf.delete(key);
    this.#sweepAbove = Math.max(64, 2 * this.#shelf.size);
  }
}

/** The ratio indicator of a name. @throws WsightError `BAD_REQUEST` */
export function ratioOf(metric: string): Indicator {
  const indicator = findIndicator(metric);
  if (indicator?.kind === "ratio") return indicator;
  throw expected("BAD_REQUEST", "metric", "an indicator that is a ratio of events", metric);
}

/** Labels that a figure can be told by. @throws WsightError `BAD_REQUEST` when there is no such figure */
export function labelsOf(metric: string): readonly string[] {
  return groupLabelsOf(metric, (findIndicator(metric) ?? metricOf(metric)).attributes);
}

function checkLabels(metric: string, labels: readonly string[]): void {
  const known = labelsOf(metric);
  const stranger = labels.find((label) => !known.includes(label));
  if (stranger === undefined) return;
  throw new WsightError("BAD_REQUEST", `labels of ${metric}: expected ${known.join(", ")}, got ${stranger}`);
}

function openFigure(source: WindowSource, figure: AlertFigure, by: readonly string[]): Figure {
  const { metric, agg, filter, windowSec } = figure;
  const indicator = findIndicator(metric);
  if (indicator === undefined) {
    if (agg === "value") throw expected("BAD_REQUEST", `agg of ${metric}`, "an aggregate of the metric", agg);
    return new PlainFigure(source, { metric, agg }, filter, by, windowSec);
  }
  if (agg !== "value") throw expected("BAD_REQUEST", `agg of ${metric}`, '"value"', agg);
  if (indicator.kind === "ratio") return new RatioFigure(source, indicator, filter, by, windowSec);
  checkLabels(metric, [...by, ...Object.keys(filter.where ?? {})]);
  return new NodeFigure(source, indicator, filter, by, windowSec);
}

/** A second that was read never changes any more. */
class SharedFigure implements Figure {
  readonly #figure: Figure;
  #second = -1;
  #rows: readonly FigureRow[] = [];

  constructor(figure: Figure) {
    this.#figure = figure;
  }

  get by(): readonly string[] {
    return this.#figure.by;
  }

  rows(second: number): readonly FigureRow[] {
    if (second !== this.#second) this.#rows = this.#figure.rows(second);
    this.#second = second;
    return this.#rows;
  }

  groups(key: string): readonly WindowGroup[] {
    return this.#figure.groups(key);
  }
}
