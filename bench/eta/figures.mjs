import { percentile } from "../report.mjs";

const NEAR = 0.25;
const BINS = 10;

/** Errors of estimates in one line; `rows` of `{ runMs, p10, p50, p90 }`. */
export function errorsOf(rows) {
  const errors = rows.map(({ runMs, p50 }) => Math.abs(runMs - p50) / 1000);
  const ratios = rows.map(({ runMs, p50 }) => Math.max(runMs / p50, p50 / runMs));
  const widths = rows.map(({ p10, p90 }) => p90 / p10);
  return {
    jobs: rows.length,
    meanS: mean(errors),
    medianS: percentile(errors, 0.5),
    medianRatio: percentile(ratios, 0.5),
    p90Ratio: percentile(ratios, 0.9),
    coverage: share(rows, ({ runMs, p10, p90 }) => runMs >= p10 && runMs <= p90),
    width: percentile(widths, 0.5),
  };
}

/** What came of each tenth of confidence, and the mean distance of said and true, in points. */
export function reliabilityOf(rows) {
  const bins = Array.from({ length: BINS }, () => []);
  for (const row of rows) bins[Math.min(BINS - 1, Math.floor((row.confidence / 100) * BINS))].push(row);
  const told = bins
    .map((bin, place) => ({
      from: place * BINS,
      jobs: bin.length,
      said: mean(bin.map(({ confidence }) => confidence)),
      came: 100 * share(bin, ({ runMs, p50 }) => Math.abs(runMs - p50) <= NEAR * p50),
    }))
    .filter(({ jobs }) => jobs > 0);
  const error = told.reduce((sum, { jobs, said, came }) => sum + jobs * Math.abs(said - came), 0) / rows.length;
  return { told, error };
}

export function share(rows, holds) {
  return rows.filter(holds).length / rows.length;
}

export function mean(list) {
  return list.reduce((sum, each) => sum + each, 0) / list.length;
}

/** At most four digits that tell. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
