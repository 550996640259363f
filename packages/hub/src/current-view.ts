import type {
  HelloFrame,
  Histogram,
  LiveTable,
  LiveTableRows,
  NodeState,
  Selector,
  Series,
  Summary,
} from "@wsight/protocol";
import type { SeriesWindows, WindowChoice } from "./current/window-view.ts";

/**
 * What readers may ask of `current`, the latest state and its last 15 minutes
 * at one second. Only `ingest` writes it; live sessions, handlers and the
 * recorder read it through this.
 */
export interface CurrentView {
  /** Start of the newest closed second, ms epoch; `null` before the first. */
  readonly at: number | null;
  /** Start of the oldest second still held; `null` before the first. */
  readonly oldestAt: number | null;
  /** Evaluates selectors for one closed second; NaN where nothing is known. Values are in base units. */
  compile(selectors: readonly Selector[]): CompiledSelectors;
  /** Prepares a look at trailing windows of series in groups, by the rules of history: what rules are evaluated on. */
  windows(choice: WindowChoice): SeriesWindows;
  /** Rows of a live table as they stand. */
  table<T extends LiveTable>(table: T): LiveTableRows[T];
  /**
   * The processes that are known, in order of their names; cheaper than the table. With `all` also what only brings
   * figures, the hub's own of queues.
   */
  nodes(which?: "processes" | "all"): readonly KnownNode[];
  /** The contract's summary, over all nodes or one. `null` for a node that is not known. */
  summary(node?: string): Summary | null;
  /** Visits the newest absolute value of every series of every node that is not gone. */
  forEachSeries(visit: (state: SeriesState) => void): void;
  /** Visits what each series came to in the closed second that starts at `at`; nothing when it is not held any more. */
  forEachInSecond(at: number, visit: (point: SecondPoint) => void): void;
}

/** A node and what it said of itself. */
interface KnownNode {
  /** `service/instance`. */
  readonly node: string;
  readonly state: NodeState;
  /** True when it is gone because its process said goodbye. */
  readonly saidBye: boolean;
  readonly hello: HelloFrame;
}

/** What one series of one node came to in one second, as a store keeps it (see `Sample`). */
export interface SecondPoint {
  /** `service/instance`. */
  readonly node: string;
  readonly series: Series;
  readonly min: number;
  readonly max: number;
  /** Of a counter: how much it grew. */
  readonly sum: number;
  readonly count: number;
  /** Of a counter: its value since its process began. */
  readonly last: number;
  /** How long the growth took, ms: more than a second after the node was not heard of. */
  readonly coveredMs: number;
  /** What was recorded, in the form of `Histogram.encode`; `null` for counters and gauges. */
  readonly histogram: Uint8Array | null;
}

/** The newest absolute value of one series of one node. */
export interface SeriesState {
  /** `service/instance`. */
  readonly node: string;
  /** Counters and histograms count from the start of this epoch. */
  readonly epoch: number;
  readonly series: Series;
  /** When the value was taken, ms epoch of the hub. */
  readonly at: number;
  /**
   * A counter's or gauge's value (NaN: could not be read), or the histogram
   * itself: do not change it. It never changes either; a later state is another object.
   */
  readonly value: number | Histogram;
  /** What series that were folded into this one (`_other`) brought to `value` within the epoch: no growth. */
  readonly folded?: number | Histogram;
}

/** A prepared set of selectors, cheap to evaluate each second. */
export interface CompiledSelectors {
  /** Values of the second that starts at `at`, in selector order. */
  evaluate(at: number): Float64Array;
}
