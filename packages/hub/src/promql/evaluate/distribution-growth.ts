import { type Labels, MAX_INDEX, MIN_INDEX } from "@wsight/protocol";
import type { DistributionStream } from "../source/stream.ts";
import { countOf, Distribution, readBuckets } from "../values/distribution.ts";
import type { Grid } from "../values/grid.ts";
import { emptyLine, type Line } from "../values/line.ts";
import { extrapolation } from "./extrapolate.ts";
import { forEachNewest, forEachWindow } from "./window.ts";

/** Rate or increase of a native histogram. */
export function growthLine(
  stream: DistributionStream,
  labels: Labels,
  grid: Grid,
  range: { readonly rangeMs: number; readonly offsetMs: number; readonly isRate: boolean },
): Line {
  const { times } = stream;
  const line = emptyLine(labels, grid.length, true);
  const running = new RunningGrowth(stream);
  forEachWindow(stream, grid, range, (window, place) => {
    if (window.last === window.first || line.histograms === null) return;
    const firstValue = running.countUpTo(window.first);
    line.histograms[place] = running.between(window.first, window.last, (growth) => {
      const factor = extrapolation({ times, window, growth, firstValue });
      return range.isRate ? (factor * 1000) / range.rangeMs : factor;
    });
    line.present[place] = 1;
  });
  return line;
}

/** The newest count of a native histogram since its process began. */
export function newestLine(
  stream: DistributionStream,
  labels: Labels,
  grid: Grid,
  look: { readonly lookbackMs: number; readonly offsetMs: number },
): Line {
  const line = emptyLine(labels, grid.length, true);
  const whole = new Distribution().add(stream.base);
  let read = -1;
  forEachNewest(stream, grid, look, (newest, place) => {
    for (; read < newest; read++) countOn(stream, read + 1, whole);
    if (line.histograms !== null) line.histograms[place] = new Distribution().add(whole);
    line.present[place] = 1;
  });
  return line;
}

function countOn({ growths, restarts }: DistributionStream, place: number, whole: Distribution): void {
  if (restarts.has(place)) whole.clear();
  const growth = growths[place] ?? null;
  if (growth !== null) whole.read(growth);
}

/** Growth between two places, carried on from one window to the next. */
class RunningGrowth {
  readonly #growths: DistributionStream["growths"];
  /** Values counted since the process began, at each place. */
  readonly #counts: Float64Array;
  readonly #buckets = new Float64Array(MAX_INDEX - MIN_INDEX + 1);
  #totals = { count: 0, sum: 0, zeroCount: 0 };
  #from = 0;
  #to = 0;

  constructor({ growths, restarts, base }: DistributionStream) {
    this.#growths = growths;
    this.#counts = new Float64Array(growths.length);
    let count = base.count;
    for (const [i, growth] of growths.entries()) {
      const more = growth === null ? 0 : countOf(growth);
      count = restarts.has(i) ? more : count + more;
      this.#counts[i] = count;
    }
  }

  /** What was recorded after `first` up to and with `last`, `factor` times. Both only ever move on. */
  between(first: number, last: number, factorOf: (count: number) => number): Distribution {
    if (first >= this.#to) this.#clear(first);
    else for (let i = this.#from + 1; i <= first; i++) this.#add(i, -1);
    this.#from = first;
    for (; this.#to < last; this.#to++) this.#add(this.#to + 1, 1);
    const { count, sum, zeroCount } = this.#totals;
    return Distribution.of(count, sum, zeroCount, this.#buckets, factorOf(count));
  }

  /** Values counted since the process began. */
  countUpTo(place: number): number {
    return this.#counts[place] ?? 0;
  }

  #clear(place: number): void {
    this.#buckets.fill(0);
    this.#totals = { count: 0, sum: 0, zeroCount: 0 };
    this.#to = place;
  }

  #add(place: number, sign: number): void {
    const growth = this.#growths[place] ?? null;
    if (growth === null) return;
    const buckets = this.#buckets;
    const read = { count: 0, sum: 0, zeroCount: 0 };
    readBuckets(growth, read, (index, count) => {
      buckets[index - MIN_INDEX] = (buckets[index - MIN_INDEX] as number) + sign * count;
    });
    this.#totals.count += sign * read.count;
    this.#totals.sum += sign * read.sum;
    this.#totals.zeroCount += sign * read.zeroCount;
  }
}
