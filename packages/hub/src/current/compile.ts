import { DEFAULT_WINDOW_SECONDS, findMetric, type Selector, seriesKey } from "@wsight/protocol";
import type { CompiledSelectors } from "../current-view.ts";
import { BucketWindow } from "./bucket-window.ts";
import { acrossNodes, anyKnown, combine, meanRateOf, rateOf, sumKnown, totalOf } from "./figures.ts";
import { type SeriesIndex, SeriesSet } from "./series-index.ts";
import type { Timeline } from "./timeline.ts";
import type { TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";

type Evaluate = (second: number) => number;

/**
 * Prepares selectors. Those that look at the same series share the list of
 * them, and those that look at the same window share the merged distribution.
 */
export function compileSelectors(
  index: SeriesIndex,
  timeline: Timeline,
  selectors: readonly Selector[],
): CompiledSelectors {
  const shared = new SharedParts(index);
  const evaluators = selectors.map((selector) => compileOne(shared, selector));
  return {
    evaluate(at: number): Float64Array {
      const values = new Float64Array(evaluators.length).fill(Number.NaN);
      const second = Math.floor(at / 1000);
      if (!timeline.holds(second)) return values;
      for (let i = 0; i < evaluators.length; i++) values[i] = (evaluators[i] as Evaluate)(second);
      return values;
    },
  };
}

class SharedParts {
  readonly #index: SeriesIndex;
  readonly #sets = new Map<string, SeriesSet>();
  readonly #windows = new Map<string, BucketWindow>();
  readonly #rates = new Map<string, Evaluate>();

  constructor(index: SeriesIndex) {
    this.#index = index;
  }

  set<T extends TrackedCounter | TrackedGauge | TrackedHistogram>(selector: Selector): SeriesSet<T> {
    const key = partKey(selector);
    let set = this.#sets.get(key);
    if (set === undefined) {
      set = new SeriesSet(this.#index, selector);
      this.#sets.set(key, set);
    }
    return set as SeriesSet<T>;
  }

  /** Observations a second over all octaves; moves `window` to the newest of them. Once for all rows of a heatmap. */
  heatmapRate(selector: Selector, window: BucketWindow): Evaluate {
    const key = partKey(selector);
    let rate = this.#rates.get(key);
    if (rate === undefined) {
      const set = this.set<TrackedHistogram>(selector);
      rate = onceASecond((second) => {
        let fresh = 0;
        for (const { node } of set.placed) fresh = Math.max(fresh, node.presence.freshAt(second));
        if (fresh > 0) window.moveTo(set, fresh);
        return sumKnown(set.placed, (placed) => rateOf(placed, second));
      });
      this.#rates.set(key, rate);
    }
    return rate;
  }

  window(selector: Selector, seconds: number): BucketWindow {
    const key = `${seconds} ${partKey(selector)}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = new BucketWindow(seconds);
      this.#windows.set(key, window);
    }
    return window;
  }
}

function onceASecond(evaluate: Evaluate): Evaluate {
  let known = -1;
  let value = Number.NaN;
  return (second) => {
    // A second that is held never changes any more.
    if (second !== known) value = evaluate(second);
    known = second;
    return value;
  };
}

function partKey({ metric, where, node }: Selector): string {
  return `${seriesKey(metric, where ?? {})}@${node ?? ""}`;
}

function compileOne(shared: SharedParts, selector: Selector): Evaluate {
  switch (findMetric(selector.metric)?.kind) {
    case "counter":
      return compileCounter(shared, selector);
    case "gauge":
      return compileGauge(shared, selector);
    case "histogram":
      return compileHistogram(shared, selector);
    default:
      return () => Number.NaN;
  }
}

function compileCounter(shared: SharedParts, selector: Selector): Evaluate {
  const set = shared.set<TrackedCounter>(selector);
  if (selector.agg !== "total") return compileRate(set, selector);
  const together = acrossNodes(findMetric(selector.metric));
  return (second) => together(set.placed, (placed) => totalOf(placed, second));
}

function compileRate(set: SeriesSet<TrackedCounter | TrackedHistogram>, { metric, window }: Selector): Evaluate {
  const together = acrossNodes(findMetric(metric));
  if (window === undefined) return (second) => together(set.placed, (placed) => rateOf(placed, second));
  return (second) =>
    together(set.placed, (placed) =>
      placed.node.presence.known(second) ? meanRateOf(placed, second, window) : Number.NaN,
    );
}

function compileGauge(shared: SharedParts, selector: Selector): Evaluate {
  const set = shared.set<TrackedGauge>(selector);
  const { agg } = selector;
  const how = agg === "sum" || agg === "max" || agg === "mean" ? agg : (findMetric(selector.metric)?.across ?? "sum");
  return (second) => combine(set, how, second);
}

function compileHistogram(shared: SharedParts, selector: Selector): Evaluate {
  const set = shared.set<TrackedHistogram>(selector);
  if (selector.agg === "rate") return compileRate(set, selector);
  if (selector.agg === "octave" && selector.window === undefined) return compileOctave(shared, selector);
  const window = shared.window(selector, selector.window ?? DEFAULT_WINDOW_SECONDS);
  const figure = windowFigure(selector);
  return (second) => {
    window.moveTo(set, second);
    return anyKnown(set, second) ? figure(window) : Number.NaN;
  };
}

function windowFigure({ agg, octave = 0, window: seconds = 1 }: Selector): (window: BucketWindow) => number {
  switch (agg) {
    case "octave":
      return (window) => window.octave(octave) / seconds;
    case "mean":
      return (window) => window.mean();
    case "max":
      return (window) => window.max();
    case "p50":
      return (window) => window.quantile(0.5);
    case "p95":
      return (window) => window.quantile(0.95);
    default:
      return (window) => window.quantile(0.99);
  }
}

/** One row of a heatmap: its share of what the newest snapshots brought, times the rate of it all. */
function compileOctave(shared: SharedParts, selector: Selector): Evaluate {
  const window = shared.window(selector, 1);
  const rateAt = shared.heatmapRate(selector, window);
  const octave = selector.octave ?? 0;
  return (second) => {
    const rate = rateAt(second);
    return rate > 0 && window.count > 0 ? (window.octave(octave) / window.count) * rate : rate;
  };
}
