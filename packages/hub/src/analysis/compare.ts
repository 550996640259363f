import {
  type HistoryCompareAnswer,
  type HistoryCompareLine,
  type HistoryCompareQuery,
  type HistorySelector,
  type HistoryUsual,
  type Labels,
  MAX_HISTORY_LINES,
  MAX_USUAL_SAMPLES,
  MIN_USUAL_SAMPLES,
  UNUSUAL_Z,
} from "@wsight/protocol";
import type { HistoryReader, TierExtent } from "../store/reader.ts";
import { type Evaluated, type EvaluatedLine, type Evaluation, evaluate } from "./evaluate.ts";
import { heldTiers, type Plan } from "./grid.ts";
import { known } from "./query.ts";
import { spreadOf } from "./robust.ts";
import { unitOf } from "./units.ts";

/** Intervals of a tier that a period has at least, where there is a tier as fine. */
const MIN_INTERVALS = 12;
/** Share of a period that must have data for its figure to say what is usual. */
const MIN_COVERAGE = 0.5;
const DEFAULT_TOP = 20;

/** Both periods as they are read, and those before them. */
interface Periods {
  readonly fromAt: number;
  readonly againstAt: number;
  readonly lengthMs: number;
  readonly tierMs: Plan["tierMs"];
  readonly held: Plan["held"];
  /** Periods before A that are looked at to learn what is usual. */
  readonly before: number;
}

/**
 * Compares period A with a period B before it.
 * @throws WsightError `BAD_REQUEST` when it would be too much, saying what to change
 */
export async function compareHistory(
  reader: HistoryReader,
  query: HistoryCompareQuery,
  signal: AbortSignal,
): Promise<HistoryCompareAnswer> {
  signal.throwIfAborted();
  const extents = await reader.extents();
  const periods = periodsOf(query, extents);
  const options = { reader, extents, signal };
  const largest = query.selectors.map((selector) => ({ ...selector, top: MAX_HISTORY_LINES }));
  const [nearA, nearB] = await both(periods, 0, (plan) => evaluate(largest, { ...options, plan }));
  const chosen = query.selectors.map((selector, i) => choose(selector, nearA.results[i], nearB.results[i]));
  const keys = new Map(query.selectors.map((selector, i) => [selector, new Set(chosen[i]?.keys)]));
  const keep = (selector: HistorySelector): ReadonlySet<string> => keys.get(selector) ?? new Set();
  const [a, b] = await both(periods, periods.before, (plan) => evaluate(query.selectors, { ...options, plan, keep }));
  return {
    fromAt: periods.fromAt,
    toAt: periods.fromAt + periods.lengthMs,
    againstAt: periods.againstAt,
    resolutionMs: periods.tierMs,
    results: query.selectors.map((selector, i) => {
      const ofA = a.results[i] as Evaluated;
      const { keys = [], leftOut = 0 } = chosen[i] ?? {};
      const lines = keys.map((key) => lineOf(lineWith(ofA, key), lineWith(b.results[i], key), periods));
      return { selector, unit: unitOf(ofA.metric, selector.agg), lines, leftOut };
    }),
  };
}

/** Coarse enough to reach back, fine enough for a dozen intervals in a period. */
function periodsOf({ fromAt, toAt, againstAt }: HistoryCompareQuery, extents: readonly TierExtent[]): Periods {
  const held = heldTiers(extents, { fromAt: againstAt, toAt });
  const tierMs = held.findLast((stepMs) => stepMs * MIN_INTERVALS <= toAt - fromAt) ?? held[0] ?? 1000;
  const floor = (at: number): number => Math.floor(at / tierMs) * tierMs;
  const startAt = floor(fromAt);
  const lengthMs = Math.ceil(toAt / tierMs) * tierMs - startAt;
  const oldestAt = extents.find(({ stepMs }) => stepMs === tierMs)?.oldestAt ?? startAt;
  const before = Math.floor((floor(againstAt) - oldestAt) / lengthMs);
  return {
    fromAt: startAt,
    againstAt: floor(againstAt),
    lengthMs,
    tierMs,
    held: held.filter((stepMs) => stepMs <= tierMs),
    before: Math.min(MAX_USUAL_SAMPLES, Math.max(0, before)),
  };
}

/** The same of A and of B, each with so many periods before it. */
async function both(
  { fromAt, againstAt, lengthMs, tierMs, held }: Periods,
  before: number,
  read: (plan: Plan) => Promise<Evaluation>,
): Promise<readonly [Evaluation, Evaluation]> {
  const planOf = (at: number): Plan => ({
    grid: { fromAt: at - before * lengthMs, stepMs: lengthMs, cells: before + 1 },
    tierMs,
    held,
  });
  return [await read(planOf(fromAt)), await read(planOf(againstAt))];
}

/** The lines that are largest in either period. */
function choose(
  { top = DEFAULT_TOP }: HistorySelector,
  a: Evaluated | undefined,
  b: Evaluated | undefined,
): { readonly keys: readonly string[]; readonly leftOut: number } {
  const sizes = new Map<string, number>();
  for (const { line, values } of [...(a?.lines ?? []), ...(b?.lines ?? [])]) {
    const whole = values.at(-1) as number;
    const size = whole === whole ? Math.abs(whole) : -1;
    sizes.set(line.key, Math.max(sizes.get(line.key) ?? -1, size));
  }
  const keys = [...sizes].sort((one, other) => other[1] - one[1]).map(([key]) => key);
  const leftOut = Math.max(0, keys.length - top) + Math.max(a?.leftOut ?? 0, b?.leftOut ?? 0);
  return { keys: keys.slice(0, top), leftOut };
}

function lineWith(evaluated: Evaluated | undefined, key: string): EvaluatedLine | undefined {
  return evaluated?.lines.find(({ line }) => line.key === key);
}

function lineOf(a: EvaluatedLine | undefined, b: EvaluatedLine | undefined, periods: Periods): HistoryCompareLine {
  const labels: Labels = (a ?? b)?.line.labels ?? {};
  const { before } = periods;
  const ofA = known(a?.values[before]);
  const ofB = known(b?.values[before]);
  const delta = ofA === null || ofB === null ? null : ofA - ofB;
  return {
    labels,
    a: ofA,
    b: ofB,
    delta,
    percent: delta === null || ofB === null || ofB === 0 ? null : (100 * delta) / Math.abs(ofB),
    coverageA: coverageOf(a, before, periods),
    coverageB: coverageOf(b, before, periods),
    usual: usualOf(delta, earlierDeltas(a, b, periods), Math.max(Math.abs(ofA ?? 0), Math.abs(ofB ?? 0))),
  };
}

function coverageOf(line: EvaluatedLine | undefined, cell: number, { lengthMs }: Periods): number {
  return Math.min(1, ((line?.seconds[cell] ?? 0) * 1000) / lengthMs);
}

function earlierDeltas(
  a: EvaluatedLine | undefined,
  b: EvaluatedLine | undefined,
  periods: Periods,
): readonly number[] {
  const deltas: number[] = [];
  for (let cell = 0; cell < periods.before; cell++) {
    const delta = (a?.values[cell] ?? Number.NaN) - (b?.values[cell] ?? Number.NaN);
    const covered = Math.min(coverageOf(a, cell, periods), coverageOf(b, cell, periods));
    if (delta === delta && covered >= MIN_COVERAGE) deltas.push(delta);
  }
  return deltas;
}

/** @param size of the figures themselves, beside which a difference may be but a rounding */
function usualOf(delta: number | null, earlier: readonly number[], size: number): HistoryUsual {
  const samples = earlier.length;
  const { median, spread } = samples === 0 ? { median: null, spread: null } : spreadOf(earlier);
  const facts = { z: null, samples, median, spread };
  if (delta === null) return { state: "no-data", ...facts };
  if (samples < MIN_USUAL_SAMPLES || median === null || spread === null)
    return { state: "not-enough-history", ...facts };
  const away = delta - median;
  if (spread <= 1e-12 * size) return { state: Math.abs(away) > 1e-9 * size ? "outside" : "inside", ...facts };
  const z = away / spread;
  return { state: Math.abs(z) > UNUSUAL_Z ? "outside" : "inside", ...facts, z };
}
