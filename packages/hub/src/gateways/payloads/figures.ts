import type { Figure, Labels, MonitorCount, MonitorDistribution, Selector } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";

/** Seconds that distributions and ratios look back. */
export const WINDOW_SECONDS = 60;
/** Digits of fractions: each goes to every client, again and again. */
const DIGITS = 6;
/** Octaves of seconds that durations are counted by: up to 1 µs, and up to 2.3 h. */
const OCTAVES: readonly number[] = Array.from({ length: 33 }, (_, i) => i - 19);
const QUANTILES = ["mean", "p50", "p95", "p99", "max"] as const;

/** A figure as it is told; what is not known is `null`, never zero. */
export function tidy(value: number | null | undefined, scale = 1): Figure {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  const scaled = value * scale;
  return Number.isInteger(scaled) ? scaled : Number(scaled.toPrecision(DIGITS));
}

/** Seconds as ms. */
export function ms(seconds: number | null | undefined): Figure {
  return tidy(seconds, 1000);
}

/** What was counted. Of a source that is there, what nobody counted yet is none; of one that is not, it is not known. */
export function countOf(known: boolean, total: number | undefined, perSecond: number | undefined): MonitorCount {
  if (!known) return { total: null, perSecond: null };
  return { total: tidy(total) ?? 0, perSecond: tidy(perSecond) ?? 0 };
}

/** `part` by `part + rest`; `null` when there was neither. */
export function shareOf(part: number, rest: number): Figure {
  const known = part >= 0 || rest >= 0;
  const [mine, all] = [orZero(part), orZero(part) + orZero(rest)];
  return known && all > 0 ? tidy(mine / all) : null;
}

/** A number that may be NaN, as 0 then. */
export function orZero(value: number | undefined): number {
  return value !== undefined && value >= 0 ? value : 0;
}

/** Prepares selectors under names; reads them of the newest second, NaN where nothing is known. */
export function compileNamed<K extends string>(
  current: Pick<CurrentView, "at" | "compile">,
  selectors: Readonly<Record<K, Selector>>,
): () => Readonly<Record<K, number>> {
  const names = Object.keys(selectors) as K[];
  const compiled = current.compile(names.map((name) => selectors[name]));
  return () => {
    const values = compiled.evaluate(current.at ?? 0);
    return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<K, number>;
  };
}

/** Prepares a distribution of durations in seconds; `false` reads it as not known. */
export function compileDistribution(
  current: Pick<CurrentView, "at" | "compile">,
  metric: string,
  where: Labels = {},
): (known: boolean) => MonitorDistribution {
  const of = { metric, where, window: WINDOW_SECONDS };
  const compiled = current.compile([
    ...QUANTILES.map((agg) => ({ ...of, agg })),
    ...OCTAVES.map((octave) => ({ ...of, agg: "octave" as const, octave })),
  ]);
  return (known) => {
    const values = known ? compiled.evaluate(current.at ?? 0) : new Float64Array(0);
    const [avg, p50, p95, p99, max] = values;
    const counts = OCTAVES.map((octave, i) => ({
      leMs: ms(2 ** octave) ?? 0,
      count: Math.round(orZero(values[QUANTILES.length + i]) * WINDOW_SECONDS),
    }));
    return {
      windowSeconds: WINDOW_SECONDS,
      count: known ? counts.reduce((sum, { count }) => sum + count, 0) : null,
      avg: ms(avg),
      p50: ms(p50),
      p95: ms(p95),
      p99: ms(p99),
      max: ms(max),
      buckets: known ? counts.filter(({ count }) => count > 0) : null,
    };
  };
}
