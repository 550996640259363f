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

/** Steps after which sums are made anew, so that what rounding adds does not grow. */
const FRESH_AFTER = 1024;

/**
 * A gauge over trailing windows. From one second to the next it adds what came
 * and takes away what went; only when its least or largest reading went, all
 * of them are looked at again.
 */
export class GaugeWindow implements WindowSeries {
  readonly node: LiveNode;
  readonly tracked: TrackedGauge;
  readonly #wantsExtremes: boolean;
  #second = -1;
  #seconds = 0;
  #steps = 0;
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #last = Number.NaN;
  #retiredAt = Infinity;

  constructor(node: LiveNode, tracked: TrackedGauge, wantsExtremes: boolean) {
    this.node = node;
    this.tracked = tracked;
    this.#wantsExtremes = wantsExtremes;
  }

  read(second: number, seconds: number, reading: WindowReading): void {
    this.#moveTo(second, seconds);
    reading.count = this.#count;
    reading.sum = this.#sum;
    reading.min = this.#min;
    reading.max = this.#max;
    reading.last = this.#last;
  }

  #moveTo(second: number, seconds: number): void {
    const steps = second - this.#second;
    if (steps === 0 && seconds === this.#seconds) return;
    const { retiredAt } = this.tracked;
    const slides = seconds === this.#seconds && steps > 0 && 2 * steps < seconds && this.#steps < FRESH_AFTER;
    // One that ended, or began again, is read otherwise than before.
    if (!slides || retiredAt !== this.#retiredAt || !this.#slide(second)) this.#readAll(second, seconds);
    this.#retiredAt = retiredAt;
    this.#second = second;
    this.#seconds = seconds;
  }

  /** False when all of it must be read. */
  #slide(second: number): boolean {
    for (let s = this.#second + 1; s <= second; s++) {
      const gone = this.#at(s - this.#seconds);
      if (gone === gone) {
        if (this.#wantsExtremes && (gone === this.#min || gone === this.#max)) return false;
        this.#count--;
        this.#sum -= gone;
      }
      this.#add(this.#at(s));
      this.#steps++;
    }
    return this.#count > 0;
  }

  #readAll(second: number, seconds: number): void {
    this.#count = this.#sum = this.#steps = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#last = Number.NaN;
    for (let s = this.node.before(second, seconds) + 1; s <= second; s++) this.#add(this.#at(s));
  }

  #add(value: number): void {
    if (value !== value) return;
    this.#count++;
    this.#sum += value;
    this.#last = value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** NaN when it was not known. */
  #at(second: number): number {
    const { presence } = this.node.state;
    if (second <= presence.before || !presence.known(second)) return Number.NaN;
    const value = keptReading(this.tracked, second);
    return Number.isFinite(value) ? value : Number.NaN;
  }
}
