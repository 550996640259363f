// The same day as peers keep it: gauges and counters as they are, distributions
// as classic histograms with the usual twelve bounds, their totals and counts.
import { bucketBound, Histogram } from "@wsight/protocol";
import { createDay } from "./day.mjs";

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Number.POSITIVE_INFINITY];

/** The series of peers, each with the values of some seconds in a row. */
export class PeerDay {
  #sources;
  #cumulated = new Map();

  constructor(count) {
    this.#sources = createDay({ count }).map((source) => ({ source, names: namesOf(source) }));
  }

  /** `[labels, values]` of each series for so many seconds. */
  next(startAt, seconds) {
    return this.#sources.flatMap(({ source, names }) => {
      const lists = names.map(() => new Float64Array(seconds));
      for (let i = 0; i < seconds; i++) {
        const figures = source.next(startAt / 1_000 + i);
        if (names.length === 1) lists[0][i] = figures.last;
        else this.#add(source, figures, lists, i);
      }
      return names.map((labels, i) => [labels, lists[i]]);
    });
  }

  #add(source, figures, lists, i) {
    const sums = this.#cumulated.get(source) ?? new Float64Array(lists.length);
    this.#cumulated.set(source, sums);
    figures.buckets ??= bucketsOf(figures);
    for (let k = 0; k < sums.length; k++) lists[k][i] = sums[k] += figures.buckets[k];
  }
}

function namesOf({ node, series, kind }) {
  const name = series.metric.name.replaceAll(".", "_");
  const labels = { node };
  for (const [key, value] of Object.entries(series.labels)) labels[key.replaceAll(".", "_")] = value;
  if (kind !== "histogram") return [{ __name__: name, ...labels }];
  return [
    { __name__: `${name}_sum`, ...labels },
    { __name__: `${name}_count`, ...labels },
    ...BOUNDS.map((le) => ({ __name__: `${name}_bucket`, le: le === Infinity ? "+Inf" : `${le}`, ...labels })),
  ];
}

function bucketsOf({ sum, count, histogram }) {
  const counts = BOUNDS.map(() => 0);
  Histogram.decode(histogram).forEachBucket((index, added) => {
    for (const [i, bound] of BOUNDS.entries()) if (bucketBound(index + 1) <= bound) counts[i] += added;
  });
  return [sum, count, ...counts];
}
