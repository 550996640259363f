import { findMetric, type Labels, type Series, seriesKey } from "@wsight/protocol";
import type { Sample } from "./sample.ts";

/** One series of one node, as the database names it. */
export interface PackedSeries {
  readonly node: string;
  readonly metric: string;
  /** Canonical text of metric and labels. */
  readonly key: string;
  /** JSON of the labels. */
  readonly labels: string;
}

/** Numbers a packed row holds: index of its series, at, intervalMs, min, max, sum, count, last. */
export const ROW_NUMBERS = 8;

/**
 * Samples as columns, which cross to another process as three blocks of
 * bytes: thousands of objects would be taken apart on the hub's event loop.
 */
export interface PackedSamples {
  readonly series: readonly PackedSeries[];
  /** {@link ROW_NUMBERS} for each row. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** For each row one more than the bytes of its histogram; 0 for none. */
  readonly histogramSizes: Uint32Array<ArrayBuffer>;
  /** The histograms of all rows, one after the other. */
  readonly histograms: Uint8Array<ArrayBuffer>;
}

/** Rows `[from, to)`, which share the memory of the whole. */
export function slicePacked(packed: PackedSamples, from: number, to: number): PackedSamples {
  const { series, numbers, histogramSizes, histograms } = packed;
  const bytes = (end: number): number => {
    let sum = 0;
    for (let row = 0; row < end; row++) sum += Math.max(0, (histogramSizes[row] as number) - 1);
    return sum;
  };
  return {
    series,
    numbers: numbers.subarray(from * ROW_NUMBERS, to * ROW_NUMBERS),
    histogramSizes: histogramSizes.subarray(from, to),
    histograms: histograms.subarray(bytes(from), bytes(to)),
  };
}

/** Turns samples into columns. Remembers the names of series for as long as their objects live. */
export class SamplePacker {
  readonly #names = new WeakMap<Series, PackedSeries[]>();

  pack(samples: readonly Sample[]): PackedSamples {
    const order = new PackOrder((sample) => this.#nameOf(sample));
    const numbers = new Float64Array(samples.length * ROW_NUMBERS);
    const histogramSizes = new Uint32Array(samples.length);
    let histogramBytes = 0;
    for (const { histogram } of samples) if (histogram !== undefined) histogramBytes += histogram.length;
    const histograms = new Uint8Array(histogramBytes);
    let offset = 0;
    for (let row = 0; row < samples.length; row++) {
      const sample = samples[row] as Sample;
      const index = order.indexOf(sample);
      const start = row * ROW_NUMBERS;
      numbers[start] = index;
      numbers[start + 1] = sample.at;
      numbers[start + 2] = sample.intervalMs;
      numbers[start + 3] = sample.min;
      numbers[start + 4] = sample.max;
      numbers[start + 5] = sample.sum;
      numbers[start + 6] = sample.count;
      numbers[start + 7] = sample.last;
      const { histogram } = sample;
      if (histogram === undefined) continue;
      histogramSizes[row] = histogram.length + 1;
      histograms.set(histogram, offset);
      offset += histogram.length;
    }
    return { series: order.series, numbers, histogramSizes, histograms };
  }

  /** One object for each series of each node. */
  #nameOf({ node, series }: Sample): PackedSeries {
    const known = this.#names.get(series) ?? [];
    for (const named of known) if (named.node === node) return named;
    const { metric, labels } = series;
    const named = { node, metric: metric.name, key: seriesKey(metric.name, labels), labels: JSON.stringify(labels) };
    this.#names.set(series, [...known, named]);
    return named;
  }
}

/** Places of series among those of one call. Each second brings the same in the same order: most are found where they were. */
class PackOrder {
  readonly series: PackedSeries[] = [];
  readonly #sources: Series[] = [];
  readonly #indexes = new Map<PackedSeries, number>();
  readonly #nameOf: (sample: Sample) => PackedSeries;
  #next = 0;

  constructor(nameOf: (sample: Sample) => PackedSeries) {
    this.#nameOf = nameOf;
  }

  indexOf(sample: Sample): number {
    let index = this.#next;
    if (this.#sources[index] !== sample.series || this.series[index]?.node !== sample.node) index = this.#find(sample);
    this.#next = index + 1 === this.series.length ? 0 : index + 1;
    return index;
  }

  #find(sample: Sample): number {
    const named = this.#nameOf(sample);
    let index = this.#indexes.get(named);
    if (index === undefined) {
      index = this.series.push(named) - 1;
      this.#sources.push(sample.series);
      this.#indexes.set(named, index);
    }
    return index;
  }
}

/** Turns columns back into samples, with one object per series over all pages of a read. */
export class SampleUnpacker {
  readonly #series = new SeriesBook();

  /** Appends the rows of a page to `into`; rows of metrics this version does not know are left out. */
  unpack(packed: PackedSamples, into: Sample[]): void {
    const known = packed.series.map((named) => ({ node: named.node, series: this.#series.of(named) }));
    const { numbers, histogramSizes, histograms } = packed;
    let offset = 0;
    for (let row = 0; row < histogramSizes.length; row++) {
      const [index, at, intervalMs, min, max, sum, count, last] = numbers.subarray(
        row * ROW_NUMBERS,
        (row + 1) * ROW_NUMBERS,
      ) as unknown as [number, number, number, number, number, number, number, number];
      const size = histogramSizes[row] as number;
      const bytes = size === 0 ? undefined : histograms.slice(offset, offset + size - 1);
      offset += Math.max(0, size - 1);
      const { node, series } = known[index] as { node: string; series: Series | undefined };
      if (series === undefined) continue;
      const sample = { node, series, at, intervalMs, min, max, sum, count, last };
      into.push(bytes === undefined ? sample : { ...sample, histogram: bytes });
    }
  }
}

/** Series by their names, one object for each. */
export class SeriesBook {
  readonly #known = new Map<string, Series>();

  /** The series; `undefined` for a metric that this version does not know. */
  of({ key, metric: name, labels }: Pick<PackedSeries, "key" | "metric" | "labels">): Series | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const metric = findMetric(name);
    if (metric === undefined) return undefined;
    const series: Series = { metric, labels: JSON.parse(labels) as Labels };
    this.#known.set(key, series);
    return series;
  }
}
