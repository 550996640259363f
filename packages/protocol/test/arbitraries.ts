import { CATALOGUE, Histogram, type Labels, type Series } from "@wsight/protocol";
import fc from "fast-check";

/** Values as instruments see them: seconds and bytes of all magnitudes, zeros too. */
export const measured: fc.Arbitrary<number> = fc.oneof(
  fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
  fc.constantFrom(0, 1, 2, 0.5, 1024),
);

export const measuredList: fc.Arbitrary<number[]> = fc.array(measured, { maxLength: 200 });

export function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

export function bucketsOf(histogram: Histogram): [number, number][] {
  const buckets: [number, number][] = [];
  histogram.forEachBucket((index, count) => buckets.push([index, count]));
  return buckets;
}

/** Exact nearest-rank quantile. */
export function exactQuantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number;
}

/** A series of the catalogue with some of its labels. */
export const series: fc.Arbitrary<Series> = fc.constantFrom(...CATALOGUE).chain((metric) =>
  fc
    .tuple(...metric.attributes.map(() => fc.option(fc.string({ maxLength: 40 }), { nil: undefined })))
    .map((values) => {
      const labels: Record<string, string> = {};
      metric.attributes.forEach((name, i) => {
        const value = (values as (string | undefined)[])[i];
        if (value !== undefined) labels[name] = value;
      });
      return { metric, labels: labels as Labels };
    }),
);
