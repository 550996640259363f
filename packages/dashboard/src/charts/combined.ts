import type { Selector } from "@wsight/protocol";
import type { LiveState, SeriesRing } from "../state/index.ts";

/** Makes one value of those of several series at one step; NaN is unknown, of theirs and of its own. */
export type Combine = (values: Float64Array) => number;

/** A series that is worked out from others, step by step. Its arrays are reused from read to read. */
export function combined(live: LiveState, selectors: readonly Selector[], combine: Combine): SeriesRing {
  const rings = selectors.map((selector) => live.series(selector));
  const values = new Float64Array(rings.length);
  let parts: Float64Array[] = [];
  let times = new Float64Array(0);
  return {
    key: `${combine.name} ${rings.map(({ key }) => key).join(" ")}`,
    latest() {
      rings.forEach((ring, index) => {
        values[index] = ring.latest() ?? Number.NaN;
      });
      const value = combine(values);
      return value === value ? value : null;
    },
    read(fromAt, toAt, into) {
      const first = rings[0]?.read(fromAt, toAt, into) ?? { at: times, value: times, length: 0 };
      const { length } = first;
      if (times.length < length) {
        times = new Float64Array(length);
        parts = rings.map(() => new Float64Array(length));
      }
      rings.forEach((ring, index) => {
        ring.read(fromAt, toAt, { at: times, value: parts[index] ?? times });
      });
      for (let step = 0; step < length; step++) {
        for (let index = 0; index < parts.length; index++)
          values[index] = (parts[index] as Float64Array)[step] as number;
        first.value[step] = combine(values);
      }
      return first;
    },
  };
}

/** What is known of them together; unknown while nothing is. */
export function sum(values: Float64Array): number {
  let total = Number.NaN;
  for (const value of values) if (value === value) total = (total === total ? total : 0) + value;
  return total;
}

/** The first times the second. */
export function product(values: Float64Array): number {
  return (values[0] ?? Number.NaN) * (values[1] ?? Number.NaN);
}

/** Share of the first in both; unknown while there is nothing to share. */
export function shareOfFirst(values: Float64Array): number {
  const whole = sum(values);
  return whole > 0 ? known(values[0]) / whole : Number.NaN;
}

/** What is left of the first without the others. */
export function rest(values: Float64Array): number {
  const whole = values[0] ?? Number.NaN;
  if (whole !== whole) return whole;
  let left = whole;
  for (let index = 1; index < values.length; index++) left -= known(values[index]);
  // Rates travel in hundredths: many of them together are off by a little.
  return left > 0.05 ? left : 0;
}

function known(value: number | undefined): number {
  return value === undefined || value !== value ? 0 : value;
}
