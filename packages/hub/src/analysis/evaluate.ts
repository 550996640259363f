import { expected, findMetric, type HistorySelector, MAX_HISTORY_LINES, type MetricDefinition } from "@wsight/protocol";
import type { HistoryReader, TierExtent } from "../store/reader.ts";
import { Cost, checkAnswer } from "./cost.ts";
import type { Figure } from "./folds/fold.ts";
import { endOf, type Plan } from "./grid.ts";
import { type LineSeries, linesOf, type Shape, shapeKey } from "./lines.ts";
import { type Presence, readPresence } from "./presence.ts";
import { COLUMNS, type ReadLine, readLines } from "./read-lines.ts";
import { fewestSpans, spanOf } from "./spans.ts";

const DEFAULT_TOP = 20;

/** One line; NaN where nothing is known. Arrays have a place for each interval and, last, one for the whole time. */
export interface EvaluatedLine extends Figure {
  readonly line: LineSeries;
  /** Seconds with data. */
  readonly seconds: Float64Array;
}

/** What came of one selector. */
export interface Evaluated {
  readonly selector: HistorySelector;
  readonly metric: MetricDefinition;
  /** Largest over the whole time first. */
  readonly lines: readonly EvaluatedLine[];
  /** Lines that had no place. */
  readonly leftOut: number;
}

/** What came of all selectors. */
export interface Evaluation {
  /** In the order asked. */
  readonly results: readonly Evaluated[];
  /** Share of the time in which any node of any selector was known, 0 to 1. */
  readonly coverage: number;
}

/** What selectors are evaluated on. */
export interface EvaluateOptions {
  readonly reader: HistoryReader;
  readonly plan: Plan;
  readonly extents: readonly TierExtent[];
  readonly signal: AbortSignal;
  /** Whether bounds within intervals are wanted. @default false */
  readonly envelope?: boolean;
  /** Keeps these lines instead of the largest, by their keys. */
  readonly keep?: (selector: HistorySelector) => ReadonlySet<string>;
}

interface Chosen {
  readonly lines: readonly LineSeries[];
  /** Lines with data that had no place. */
  readonly leftOut: number;
}

/**
 * Evaluates selectors on the intervals of a plan. What several of them need is
 * read once. Lines that have no data in this time are left out.
 * @throws WsightError `BAD_REQUEST` when it would be too much
 */
export async function evaluate(selectors: readonly HistorySelector[], options: EvaluateOptions): Promise<Evaluation> {
  const { reader, plan, extents, signal, envelope = false } = options;
  const shapes = await shapesOf(reader, selectors);
  const nodes = [...new Set(shapes.flatMap(({ lines }) => lines.flatMap((line) => line.nodes)))].sort();
  const presence = await readPresence(reader, plan, nodes, signal);
  const cost = new Cost(extents);
  const results = new Map<HistorySelector, Evaluated>();
  let lines = 0;
  for (const shape of shapes) {
    const chosen = await chooseLines(shape, presence, cost, options);
    const wanted = new Set([...chosen.values()].flatMap((some) => some.lines));
    const narrowed = { ...shape, lines: shape.lines.filter((line) => wanted.has(line)) };
    lines += wanted.size * shape.selectors.length;
    checkAnswer(lines, plan.grid.cells);
    const columns = COLUMNS[shape.metric.kind](shape.selectors, envelope && plan.grid.stepMs > 1000);
    const series = narrowed.lines.flatMap((line) => line.series);
    cost.add(series, spanOf(plan), columns.includes("histogram"));
    const { grid } = plan;
    const read = await readLines({ reader, shape: narrowed, columns, grid, spans: [spanOf(plan)], presence, signal });
    for (const [selector, some] of chosen) {
      results.set(selector, { ...some, selector, metric: shape.metric, lines: pick(selector, read, some.lines) });
    }
  }
  const evaluated = selectors.map((selector) => results.get(selector) as Evaluated);
  return { results: evaluated, coverage: coverageOf(evaluated, presence.of(nodes).seconds, plan) };
}

/** Share of a plan's time that some seconds are. */
export function shareOf(seconds: number, { grid }: Pick<Plan, "grid">): number {
  return Math.min(1, (seconds * 1000) / (endOf(grid) - grid.fromAt));
}

async function shapesOf(reader: HistoryReader, selectors: readonly HistorySelector[]): Promise<readonly Shape[]> {
  const shapes = new Map<string, HistorySelector[]>();
  for (const selector of selectors) {
    const key = shapeKey(selector);
    const alike = shapes.get(key);
    if (alike === undefined) shapes.set(key, [selector]);
    else alike.push(selector);
  }
  return Promise.all([...shapes.values()].map((alike) => shapeOf(reader, alike)));
}

async function shapeOf(reader: HistoryReader, selectors: readonly HistorySelector[]): Promise<Shape> {
  const { metric: name, where, nodes, by = [] } = selectors[0] as HistorySelector;
  const metric = findMetric(name);
  if (metric === undefined) throw expected("BAD_REQUEST", "metric", "a metric of the catalogue", name);
  const narrowed = { ...(where === undefined ? {} : { where }), ...(nodes === undefined ? {} : { nodes }) };
  return { metric, selectors, lines: linesOf(await reader.series({ metrics: [name], ...narrowed }), by) };
}

async function chooseLines(
  shape: Shape,
  presence: Presence,
  cost: Cost,
  options: EvaluateOptions,
): Promise<ReadonlyMap<HistorySelector, Chosen>> {
  const chosen = new Map<HistorySelector, Chosen>();
  const crowded: HistorySelector[] = [];
  for (const selector of shape.selectors) {
    const kept = options.keep?.(selector);
    const lines = kept === undefined ? shape.lines : shape.lines.filter(({ key }) => kept.has(key));
    if (kept === undefined && lines.length > topOf(selector)) crowded.push(selector);
    else chosen.set(selector, { lines, leftOut: 0 });
  }
  if (crowded.length === 0) return chosen;
  const read = await readWhole({ ...shape, selectors: crowded }, presence, cost, options);
  for (const selector of crowded) {
    const ranked = pick(selector, read, shape.lines).map(({ line }) => line);
    const lines = ranked.slice(0, topOf(selector));
    chosen.set(selector, { lines, leftOut: ranked.length - lines.length });
  }
  return chosen;
}

/** All lines over the whole time only, from as coarse tiers as there are. */
function readWhole(
  shape: Shape,
  presence: Presence,
  cost: Cost,
  { reader, plan, signal }: EvaluateOptions,
): Promise<readonly ReadLine[]> {
  const { fromAt, toAt } = spanOf(plan);
  const spans = fewestSpans(plan);
  const columns = COLUMNS[shape.metric.kind](shape.selectors, false);
  const series = shape.lines.flatMap((line) => line.series);
  for (const span of spans) cost.add(series, span, columns.includes("histogram"));
  const grid = { fromAt, stepMs: toAt - fromAt, cells: 1 };
  return readLines({ reader, shape, columns, grid, spans, presence: presence.whole(), signal });
}

function topOf({ top = DEFAULT_TOP }: HistorySelector): number {
  return Math.min(top, MAX_HISTORY_LINES);
}

/** The lines with data, largest first. */
function pick(
  selector: HistorySelector,
  read: readonly ReadLine[],
  lines: readonly LineSeries[],
): readonly EvaluatedLine[] {
  const wanted = new Set(lines);
  const alone = (selector.by ?? []).length === 0;
  return read
    .filter(
      ({ line, any, seconds }) => wanted.has(line) && (any || (alone && (seconds[seconds.length - 1] as number) > 0)),
    )
    .map(({ line, figures, seconds }) => ({ line, seconds, ...(figures.get(selector) as Figure) }))
    .map((line) => ({ line, rank: rankOf(line) }))
    .sort((a, b) => b.rank - a.rank)
    .map(({ line }) => line);
}

function rankOf({ values }: EvaluatedLine): number {
  const whole = values[values.length - 1] as number;
  // Minus infinity less itself would be no order.
  return whole === whole ? whole : -Number.MAX_VALUE;
}

function coverageOf(results: readonly Evaluated[], present: Float64Array, plan: Plan): number {
  const own = results.flatMap(({ lines }) => lines.map(({ seconds }) => seconds.at(-1) as number));
  return shareOf(Math.max(present.at(-1) as number, ...own), plan);
}
