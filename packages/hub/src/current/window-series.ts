import { keptReading } from "./second-points.ts";
import type { TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";
import type { LiveNode } from "./window-nodes.ts";
import type { WindowReading, WindowSeries } from "./window-view.ts";

/**
 * A counter, or the number of values of a distribution, over trailing windows.
 * Growth after a silence belongs to the seconds it took, as history keeps it:
 * what lies before the window is left out.
 */
export class GrowthWindow implements WindowSeries {
  readonly node: LiveNode;
  readonly tracked: TrackedCounter | TrackedHistogram;

  constructor(node: LiveNode, tracked: TrackedCounter | TrackedHistogram) {
    this.node = node;
    this.tracked = tracked;
  }

  read(second: number, seconds: number, reading: WindowReading): void {
    const { node, tracked } = this;
    reading.count = reading.sum = 0;
    const grewFirst = node.firstGrowth(second, seconds);
    if (grewFirst === 0 || tracked.first < 0 || tracked.first > second) return;
    const from = node.before(second, seconds);
    const { presence } = node.state;
    const begin = Math.max(from, tracked.first - 1);
    const end = Math.min(second, tracked.retiredAt - 1);
    reading.sum = tracked.grownAt(second) - tracked.grownAt(from);
    reading.count = end > begin ? presence.tookBetween(begin, end) : 0;
    // What has ended may have grown in its last second still.
    if (reading.count === 0 && reading.sum > 0) reading.count = 1;
    const outside = presence.took(grewFirst) - (grewFirst - from);
    if (outside > 0 && begin === from && tracked.kind === "counter") {
      reading.count -= outside;
      reading.sum -= outside * this.#share(grewFirst, presence.took(grewFirst));
    }
    if (tracked.kind === "histogram" || reading.count === 0) return;
    reading.min = Number.NaN;
    reading.max = Number.NaN;
    const total = tracked.totalAt(node.lastGrowth(second, seconds));
    reading.last = Number.isFinite(total) ? total : tracked.value;
  }

  /** How much of the growth of `second` each of the seconds that it took is given. */
  #share(second: number, took: number): number {
    const growth = this.tracked.grownAt(second) - this.tracked.grownAt(second - 1);
    return Number.isInteger(growth) ? Math.floor(growth / took) : growth / took;
  }
}

/** A gauge over trailing windows. */
export class GaugeWindow implements WindowSeries {
  readonly node: LiveNode;
  readonly tracked: TrackedGauge;

  constructor(node: LiveNode, tracked: TrackedGauge) {
    this.node = node;
    this.tracked = tracked;
  }

  read(second: number, seconds: number, reading: WindowReading): void {
    const { node, tracked } = this;
    const from = node.before(second, seconds);
    const known = node.knownSeconds(second, seconds);
    if (known === second - from && tracked.isSteady(from + 1, second)) {
      this.#repeat(keptReading(tracked, second), known, reading);
      return;
    }
    const { presence } = node.state;
    let count = 0;
    let sum = 0;
    let min = Infinity;
    let max = -Infinity;
    let last = Number.NaN;
    for (let s = from + 1; s <= second; s++) {
      const value = presence.known(s) ? keptReading(tracked, s) : Number.NaN;
      if (!Number.isFinite(value)) continue;
      count++;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
      last = value;
    }
    reading.count = count;
    reading.sum = sum;
    reading.min = min;
    reading.max = max;
    reading.last = last;
  }

  #repeat(value: number, times: number, reading: WindowReading): void {
    reading.count = Number.isFinite(value) ? times : 0;
    reading.sum = value * times;
    reading.min = reading.max = reading.last = value;
  }
}
