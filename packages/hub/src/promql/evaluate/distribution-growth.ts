import type { Labels } from "@wsight/protocol";
import type { DistributionStream } from "../source/stream.ts";
import { Distribution } from "../values/distribution.ts";
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
    const grown = running.between(window.first, window.last);
    const firstValue = running.countUpTo(window.first);
    const factor = extrapolation({ times, window, growth: grown.count, firstValue });
    line.histograms[place] = grown.times(range.isRate ? (factor * 1000) / range.rangeMs : factor);
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

/** Counts since its process began at every time it was read. */
export function* distributionsOf(stream: DistributionStream): Iterable<Distribution> {
  const whole = new Distribution().add(stream.base);
  for (let i = 0; i < stream.times.length; i++) {
    countOn(stream, i, whole);
    yield new Distribution().add(whole);
  }
}

function countOn({ growths, restarts }: DistributionStream, place: number, whole: Distribution): void {
  if (restarts.has(place)) whole.clear();
  const growth = growths[place] ?? null;
  if (growth !== null) whole.read(growth);
}

/** Growth between two places, carried on from one window to the next. */
class RunningGrowth {
  readonly #growths: DistributionStream["growths"];
  readonly #counts: Float64Array;
  #whole = new Distribution();
  #from = 0;
  #to = 0;

  constructor({ growths, restarts, base }: DistributionStream) {
    this.#growths = growths;
    this.#counts = new Float64Array(growths.length);
    let count = base.count;
    for (const [i, growth] of growths.entries()) {
      const more = growth === null ? 0 : new Distribution().read(growth).count;
      count = restarts.has(i) ? more : count + more;
      this.#counts[i] = count;
    }
  }

  /** What was recorded after `first` up to and with `last`. Both only ever move on. */
  between(first: number, last: number): Distribution {
    if (first >= this.#to) {
      this.#whole = new Distribution();
      this.#to = first;
    } else for (let i = this.#from + 1; i <= first; i++) this.#add(i, -1);
    this.#from = first;
    for (; this.#to < last; this.#to++) this.#add(this.#to + 1, 1);
    return this.#whole;
  }

  /** Values counted since the process began. */
  countUpTo(place: number): number {
    return this.#counts[place] ?? 0;
  }

  #add(place: number, factor: number): void {
    const growth = this.#growths[place] ?? null;
    if (growth !== null) this.#whole.add(new Distribution().read(growth), factor);
  }
}
