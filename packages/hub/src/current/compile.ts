import { DEFAULT_WINDOW_SECONDS, findMetric, type Selector, seriesKey } from "@wsight/protocol";
import type { CompiledSelectors } from "../current-view.ts";
import { BucketWindow } from "./bucket-window.ts";
import { anyKnown, combine, meanRateOf, rateOf, sumKnown, totalOf } from "./figures.ts";
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
  if (selector.agg === "total") return (second) => sumKnown(set.placed, (placed) => totalOf(placed, second));
  return compileRate(set, selector.window);
}

function compileRate(set: SeriesSet<TrackedCounter | TrackedHistogram>, window: number | undefined): Evaluate {
  if (window === undefined) return (second) => sumKnown(set.placed, (placed) => rateOf(placed, second));
  return (second) =>
    sumKnown(set.placed, (placed) =>
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
  if (selector.agg === "rate") return compileRate(set, selector.window);
  if (selector.agg === "octave") return compileOctave(shared, selector, set);
  const window = shared.window(selector, selector.window ?? DEFAULT_WINDOW_SECONDS);
  const figure = windowFigure(selector.agg);
  return (second) => {
    window.moveTo(set, second);
    return anyKnown(set, second) ? figure(window) : Number.NaN;
  };
}

function windowFigure(agg: Selector["agg"]): (window: BucketWindow) => number {
  switch (agg) {
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
function compileOctave(shared: SharedParts, selector: Selector, set: SeriesSet<TrackedHistogram>): Evaluate {
  const window = shared.window(selector, 1);
  const octave = selector.octave ?? 0;
  return (second) => {
    const rate = sumKnown(set.placed, (placed) => rateOf(placed, second));
    if (!(rate > 0)) return rate;
    let fresh = 0;
    for (const { node } of set.placed) fresh = Math.max(fresh, node.presence.freshAt(second));
    window.moveTo(set, fresh);
    return window.count === 0 ? 0 : (window.octave(octave) / window.count) * rate;
  };
}
