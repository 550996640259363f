import type { HistoryReader, SeriesColumns, StoredSeries, TierExtent } from "../../store/reader.ts";
import type { Selector } from "../expression.ts";
import type { Pacer } from "../pacer.ts";
import { PromqlError } from "../promql-error.ts";
import { Distribution } from "../values/distribution.ts";
import { type Grid, lastMoment } from "../values/grid.ts";
import { readBase } from "./base.ts";
import { distributionStreams } from "./distributions.ts";
import { columnsFor, numberStream } from "./numbers.ts";
import { type Picked, pickSeries } from "./pick.ts";
import { type Presence, readPresence } from "./presence.ts";
import type { Stream } from "./stream.ts";
import { chooseTier, lookbackOf, newestEnd } from "./tier.ts";

/** How far growth alone is followed back: whether a count began at zero matters to rates only near its begin. */
const RATE_BEFORE_MS = 86_400_000;
/** A step or a range should see this many values at least before a coarser tier serves it. */
const VALUES_A_STEP = 4;
const VALUES_A_RANGE = 6;
/** How many numbers a distribution is as dear to read as. */
const DISTRIBUTION_COST = 100;

/** What is done with the values of a selector. */
interface StreamUse {
  /** Only growth counts, not what values are. */
  readonly isGrowth: boolean;
  /** What gauges did within coarse intervals counts. */
  readonly looksWithin: boolean;
  /** Every value of every range is looked at. */
  readonly isExhaustive: boolean;
}

/** What queries read, in Prometheus' terms. */
export interface Source {
  /** The lines that a selector means with the values that its grid needs, one series of the store after the other. */
  read(selector: Selector, grid: Grid, use: StreamUse): AsyncIterable<Stream>;
  /** Things about the answer that somebody should know. */
  readonly warnings: ReadonlySet<string>;
}

/** @throws PromqlError from its calls, or the signal's reason */
export function createSource(reader: HistoryReader, pacer: Pacer, signal: AbortSignal): Source {
  const warnings = new Set<string>();
  return {
    warnings,
    async *read(selector, grid, use) {
      const picked = await pickSeries(reader, selector.matchers);
      if (picked.length > pacer.limits.series) {
        throw new PromqlError(
          "execution",
          `the selector matches ${picked.length} series: at most ${pacer.limits.series} are allowed in one query`,
        );
      }
      const extents = await reader.extents();
      const span = spanOf(selector, grid, use, picked, extents);
      warnOfCoarse(selector, span.stepMs, warnings);
      const task: Task = { reader, pacer, signal, span, use, endsOf: createEnds(span.stepMs, newestEnd(extents)) };
      yield* readNumbers(task, picked);
      yield* readDistributions(task, picked);
    },
  };
}

/** A tier and the time to read of it. */
interface Span {
  readonly stepMs: SeriesColumns["stepMs"];
  readonly fromAt: number;
  readonly toAt: number;
}

interface Task {
  readonly reader: HistoryReader;
  readonly pacer: Pacer;
  readonly signal: AbortSignal;
  readonly span: Span;
  readonly use: StreamUse;
  readonly endsOf: (at: Float64Array) => Float64Array;
}

function spanOf(
  { rangeMs, offsetMs }: Selector,
  grid: Grid,
  use: StreamUse,
  picked: readonly Picked[],
  extents: readonly TierExtent[],
): Span {
  const toAt = lastMoment(grid) - offsetMs;
  const firstAt = grid.fromAt - offsetMs;
  const coarsestMs = rangeMs === null ? grid.stepMs / VALUES_A_STEP : rangeMs / VALUES_A_RANGE;
  const width = toAt - firstAt + (rangeMs ?? 0);
  const looks = use.isExhaustive ? (rangeMs ?? 0) * grid.length : 0;
  const weight = picked.reduce((sum, { stored }) => sum + (kindOf(stored) === "histogram" ? DISTRIBUTION_COST : 1), 0);
  const wish = { fromAt: firstAt - (rangeMs ?? 0), toAt, coarsestMs, cost: weight * (width + looks) };
  const stepMs = chooseTier(extents, wish);
  const fromAt = firstAt - (rangeMs ?? lookbackOf(stepMs)) - stepMs;
  return { stepMs, fromAt: Math.floor(fromAt / stepMs) * stepMs, toAt };
}

function warnOfCoarse({ rangeMs }: Selector, stepMs: number, warnings: Set<string>): void {
  if (rangeMs === null || rangeMs >= 2 * stepMs) return;
  warnings.add(
    `what is kept of that time has one value each ${stepMs / 1000} s: a range of ${rangeMs / 1000} s holds less than two; use ${(VALUES_A_STEP * stepMs) / 1000} s or more`,
  );
}

/** A value is of the end of its interval; one that is not over ends where the newest second does. */
function createEnds(stepMs: number, newest: number | null): (at: Float64Array) => Float64Array {
  return (at) => at.map((start) => Math.max(start, Math.min(start + stepMs, newest ?? Infinity)));
}

async function* readNumbers(task: Task, picked: readonly Picked[]): AsyncIterable<Stream> {
  for (const kind of ["gauge", "counter"] as const) {
    const meant = new Map(picked.filter(({ stored }) => kindOf(stored) === kind).map((one) => [one.stored.id, one]));
    if (meant.size === 0) continue;
    const series = [...meant.values()].map(({ stored }) => stored);
    const columns = columnsFor(kind, task.span.stepMs > 1000, task.use.looksWithin);
    for await (const part of task.reader.columns({ ...task.span, series, columns }, task.signal)) {
      task.pacer.spendSamples(part.length * columns.length);
      const times = task.endsOf(part.at);
      for (const { labels } of meant.get(part.series.id)?.lines ?? []) yield numberStream(labels, part, times);
    }
  }
}

async function* readDistributions(task: Task, picked: readonly Picked[]): AsyncIterable<Stream> {
  const { reader, span, signal, pacer, endsOf } = task;
  const meant = new Map(
    picked.filter(({ stored }) => kindOf(stored) === "histogram").map((one) => [one.stored.id, one]),
  );
  if (meant.size === 0) return;
  const series = [...meant.values()].map(({ stored }) => stored);
  const nodes = new Map<string, StoredSeries[]>();
  for (const one of series) {
    const own = nodes.get(one.node);
    if (own === undefined) nodes.set(one.node, [one]);
    else own.push(one);
  }
  const presences = await readPresence(reader, [...nodes.keys()], span, signal);
  const bases = new Map<number, Distribution>();
  for (const [node, own] of nodes) {
    await pacer.turn();
    await readBase(reader, own, { sinceAt: beganAt(presences.get(node), task), toAt: span.fromAt }, bases, signal);
  }
  const streamsOf = (stored: StoredSeries, columns: SeriesColumns | null): readonly Stream[] => {
    const presence = presences.get(stored.node);
    const base = bases.get(stored.id) ?? new Distribution();
    const { lines = [] } = meant.get(stored.id) ?? {};
    const streams = distributionStreams({ columns, presence, base, stepMs: span.stepMs, endsOf }, lines);
    for (const { times } of streams) pacer.spendSamples(times.length);
    return streams;
  };
  const idle = new Set(series);
  for await (const part of reader.columns({ ...span, series, columns: ["histogram"] }, signal)) {
    const own = meant.get(part.series.id)?.stored ?? part.series;
    idle.delete(own);
    yield* streamsOf(own, part);
  }
  // Nothing recorded is no growth, as long as its process was there.
  for (const stored of idle) yield* streamsOf(stored, null);
}

function kindOf({ series }: StoredSeries): "counter" | "gauge" | "histogram" {
  return series.metric.kind;
}

function beganAt(presence: Presence | undefined, { span, use }: Task): number {
  const begun = presence?.startedAt ?? span.fromAt - RATE_BEFORE_MS;
  return use.isGrowth ? Math.max(begun, span.fromAt - RATE_BEFORE_MS) : begun;
}
