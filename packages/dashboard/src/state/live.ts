import type { ReadonlySignal, Signal } from "@preact/signals";
import type { LiveTable, LiveTableRows, Selector, WsightError } from "@wsight/protocol";
import type { HubMessageOf } from "../connection/hub-messages.ts";
import type { TailWish } from "../connection/session.ts";
import type { Principal } from "../connection/session-api.ts";
import type { Transport } from "../connection/transport-choice.ts";
import type { PastAnswer, PastTable } from "./past-rows.ts";

/**
 * `connecting`: no answer yet, first try · `live`: the newest sample is at
 * most 2.5 intervals late · `lagging`: at most 10 s late · `offline`: later,
 * or no socket · `signed-out`: nobody is signed in; what was seen stays.
 */
export type ConnectionState = "connecting" | "live" | "lagging" | "offline" | "signed-out";

/** How the connection fares. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** How late the newest sample is by the hub's clock, ms; while live: was, when it came. `null` before the first. */
  readonly lagMs: number | null;
  /** Start of the newest second received, ms epoch of the hub; `null` before the first. */
  readonly lastAt: number | null;
  /** When the next attempt is due, ms epoch of *this* machine (`Date.now()`); `null` when none is. */
  readonly retryAt: number | null;
  /** Attempts that failed since data last came. */
  readonly attempt: number;
  /** How figures travel: server-sent events where WebSockets do not get through. `null` while there is no session. */
  readonly transport: Transport | null;
}

/** Columns to fill, reused from one read to the next. */
export interface SeriesColumns {
  readonly at: Float64Array;
  readonly value: Float64Array;
}

/**
 * The last 15 minutes of one series, or the past that the page looks at. The
 * object stays the same across reconnects, switches of node and of time.
 */
export interface SeriesRing {
  /** `selectorKey` of the selector as asked for. */
  readonly key: string;
  /** The newest value in base units, `null` while it is not known. While paused: the newest at the pause. */
  latest(): number | null;
  /**
   * One point an interval from `fromAt` to `toAt` (ms epoch, both included),
   * the same times for every series. `at` is in seconds, as uPlot takes it;
   * NaN is a gap. Only the first `length` of each column count.
   * @param into columns to fill if they are long enough
   */
  read(fromAt: number, toAt: number, into?: SeriesColumns): SeriesColumns & { readonly length: number };
}

/**
 * A fixed stretch of the past on a grid of its own, held whole. While the page
 * looks at one, every series reads from it instead of from the live seconds.
 */
export interface Past {
  /** Start of its first interval, ms epoch, a multiple of `stepMs`. */
  readonly fromAt: number;
  /** End of its last interval, ms epoch. */
  readonly toAt: number;
  /** Length of its intervals, ms. */
  readonly stepMs: number;
  /** How much of it has data in any series, 0 to 1. */
  readonly coverage: number;
  /** See `SeriesRing.latest`: the last value, if it is one of the last intervals. @param key `selectorKey`, the node applied */
  latest(key: string): number | null;
  /** See `SeriesRing.read`. */
  read(key: string, fromAt: number, toAt: number, into?: SeriesColumns): SeriesColumns & { readonly length: number };
  /** A table over the whole of it; `null` while it is not known, or can't be. @param node `null` for all */
  table<T extends PastTable>(name: T, node: string | null): PastAnswer<T> | null;
}

/** What is on screen. */
export interface OnScreen {
  readonly series: readonly Selector[];
  readonly tables: readonly LiveTable[];
  /** What is wanted beside the series while the page looks at the past. @default none */
  readonly past?: readonly PastTable[];
}

/** Messages of the live tail, oldest first, and how many fitted and were not shown. */
export type TailBatch = Pick<HubMessageOf<"tail">, "rows" | "passed">;

/** Everything the page knows and can ask for. */
export interface LiveState {
  readonly status: ReadonlySignal<ConnectionStatus>;
  /** Write it to pause and go on. Data keeps coming, 15 minutes of it are kept. */
  readonly paused: Signal<boolean>;
  /** Right edge that is frozen, ms epoch of the hub; `null` unless paused. */
  readonly pausedAt: ReadonlySignal<number | null>;
  /** Grows at most once a frame, when there is something new to draw. */
  readonly tick: ReadonlySignal<number>;
  /** Right edge of every live chart, ms epoch of the hub; frozen while paused. */
  readonly now: ReadonlySignal<number>;
  /** The past that the page looks at; `null` while it looks at now. Live data keeps coming. */
  readonly past: Signal<Past | null>;
  /** True while more of the past is on its way; written by whoever reads it. */
  readonly reading: Signal<boolean>;
  /** Start of the last interval that charts show, ms epoch: {@link now}, or where the past ends. */
  readonly edge: ReadonlySignal<number>;
  /** Length of the intervals that charts show, ms. */
  readonly stepMs: ReadonlySignal<number>;
  /** Every series on screen, the node applied. */
  readonly selectors: ReadonlySignal<readonly Selector[]>;
  /** Tables of the past that are wanted on screen, in order. */
  readonly pastTables: ReadonlySignal<readonly PastTable[]>;
  /** Length of the window, ms: 300,000 or 900,000. @default 300_000 */
  readonly windowMs: Signal<number>;
  /** Node that selectors without one of their own look at; `null` for all. */
  readonly node: Signal<string | null>;
  /** Who is signed in, `null` when nobody is or it is not known yet. */
  readonly principal: ReadonlySignal<Principal | null>;
  /** Received by this page, mean of the last 10 s. */
  readonly bytesPerSecond: ReadonlySignal<number>;
  /** The last thing that went wrong and that nobody waited for; `null` while all is well. */
  readonly fault: ReadonlySignal<WsightError | null>;
  /**
   * The series of a selector. Only what is in {@link use} is kept up to date.
   * @param of `now`: the live seconds even while the page looks at the past
   */
  series(selector: Selector, of?: "now"): SeriesRing;
  /** Rows of a table, `null` before they came. Only tables in {@link use} are kept up to date. */
  table<T extends LiveTable>(name: T): ReadonlySignal<LiveTableRows[T] | null>;
  /**
   * Says what is on screen; all that is in use is one subscription. Returns
   * the way to take it back, safe to call twice. A selector the hub refuses is told in {@link fault}.
   */
  use(page: OnScreen): () => void;
  /**
   * Begins the live tail, or changes it: there is one, the newest wish counts,
   * and it goes on after a reconnect. Returns the way to end it, which does
   * nothing once another wish was made. @param hear called outside of any frame
   */
  tail(wish: TailWish, hear: (batch: TailBatch) => void): () => void;
  /** Connects at once when an attempt is waiting or nobody is signed in. */
  retryNow(): void;
  /** Signs in and connects. @throws WsightError as the hub answered; `INTERNAL` when it did not */
  signIn(input: { readonly token: string } | { readonly code: string }): Promise<void>;
  /** Ends the session and forgets what was seen. @throws WsightError when the hub could not be told */
  signOut(): Promise<void>;
  /** Stops everything; safe to call twice. */
  close(): void;
}
