import { median } from "./robust.ts";

/** Pairs whose slopes are kept; of more, an equal share of every distance is taken. */
const MAX_PAIRS = 250_000;
/** 97.5 % of a normal distribution lies below it. */
const Z_95 = 1.959964;

/** A straight line through points and how sure it is. */
export interface FittedLine {
  readonly slope: number;
  readonly slopeLow: number;
  readonly slopeHigh: number;
  readonly p: number;
  /** The line's value where x is 0. */
  intercept(slope: number): number;
}

/**
 * Theil–Sen's slope with Sen's 95 % interval, and Mann–Kendall's test of no trend.
 *
 * - slope: median of `(y_j − y_i) / (x_j − x_i)` over all pairs (Sen, JASA 63, 1968). Over
 *   250,000 pairs, those with `(31 i + 17 (j − i)) mod m = 0` are taken: every distance
 *   keeps the same share, and the same points give the same answer.
 * - S: pairs that rise less pairs that fall, of all pairs. Var(S) = [n(n−1)(2n+5) −
 *   Σ t(t−1)(2t+5)] / 18 over groups of t equal values (Kendall 1975).
 * - Points close in time are alike, so there are fewer independent ones than n. Var(S) is
 *   multiplied by 1 + 2/(n(n−1)(n−2)) Σ (n−k)(n−k−1)(n−k−2) ρ(k), where ρ is the
 *   autocorrelation of the ranks of what the line leaves (Hamed and Rao, J. Hydrology 204,
 *   1998), over the lags k before the first that is not above zero at 5 %: sums over all lags
 *   cancel themselves (Geyer, Statistical Science 7, 1992).
 * - interval: slopes of rank (N ∓ 1.96 √Var(S)) / 2 of the N pairs.
 *
 * @param x growing; @param y as many, at least 3
 */
export function fitLine(x: Float64Array, y: Float64Array): FittedLine {
  const slopes = slopesOf(x, y);
  const slope = median(slopes);
  const variance = varianceOf(y) * inflation(x, y, slope);
  const margin = Z_95 * Math.sqrt(variance);
  const pairs = (y.length * (y.length - 1)) / 2;
  const at = (rank: number): number => {
    const place = Math.round((rank / pairs) * slopes.length);
    return slopes[Math.min(slopes.length - 1, Math.max(0, place))] as number;
  };
  return {
    slope,
    slopeLow: at((pairs - margin) / 2 - 1),
    slopeHigh: at((pairs + margin) / 2),
    p: pValue(kendallS(y), variance),
    intercept: (slope) => median(y.map((value, i) => value - slope * (x[i] as number))),
  };
}

function slopesOf(x: Float64Array, y: Float64Array): Float64Array {
  const n = y.length;
  const every = Math.max(1, Math.ceil((n * (n - 1)) / 2 / MAX_PAIRS));
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let count = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if ((31 * i + 17 * (j - i)) % every !== 0) continue;
      slopes[count++] = ((y[j] as number) - (y[i] as number)) / ((x[j] as number) - (x[i] as number));
    }
  }
  return slopes.subarray(0, count);
}

function kendallS(y: Float64Array): number {
  let s = 0;
  for (let i = 0; i < y.length; i++) {
    for (let j = i + 1; j < y.length; j++) s += Math.sign((y[j] as number) - (y[i] as number));
  }
  return s;
}

function varianceOf(y: Float64Array): number {
  const n = y.length;
  const counts = new Map<number, number>();
  for (const value of y) counts.set(value, (counts.get(value) ?? 0) + 1);
  let ties = 0;
  for (const t of counts.values()) ties += t * (t - 1) * (2 * t + 5);
  return (n * (n - 1) * (2 * n + 5) - ties) / 18;
}

/** How much larger the variance is since points that follow each other are alike. */
function inflation(x: Float64Array, y: Float64Array, slope: number): number {
  const n = y.length;
  const ranks = ranksOf(y.map((value, i) => value - slope * (x[i] as number)));
  const mean = (n + 1) / 2;
  const centred = ranks.map((rank) => rank - mean);
  const whole = centred.reduce((sum, one) => sum + one * one, 0);
  if (whole === 0) return 1;
  const significant = Z_95 / Math.sqrt(n);
  let sum = 0;
  for (let k = 1; k < n - 2; k++) {
    let product = 0;
    for (let i = 0; i + k < n; i++) product += (centred[i] as number) * (centred[i + k] as number);
    const rho = product / whole;
    if (rho <= significant) break;
    sum += (n - k) * (n - k - 1) * (n - k - 2) * rho;
  }
  return Math.max(1, 1 + (2 * sum) / (n * (n - 1) * (n - 2)));
}

/** Ranks from 1, equal values share the mean of theirs. */
function ranksOf(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let i = start; i < end; i++) ranks[order[i] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function pValue(s: number, variance: number): number {
  if (variance <= 0) return 1;
  const z = Math.max(0, Math.abs(s) - 1) / Math.sqrt(variance);
  return erfc(z / Math.SQRT2);
}

/** Complementary error function for x ≥ 0, by Chebyshev fit; relative error below 1.2e-7 (Press et al., Numerical Recipes, 6.2). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  const factors = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const series = factors.reduceRight((sum, factor) => sum * t + factor, 0);
  return t * Math.exp(-x * x + series);
}
