import { type Series, seriesKey } from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import type { CurrentView, SeriesState } from "./current-view.ts";
import type { OnHubError } from "./errors.ts";
import { SERIES_INTERVALS, type SeriesInterval } from "./store/interval.ts";
import type { Sample } from "./store/old-store.ts";
import type { StoreWriter } from "./store/writer.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_RETENTION_MS = 168 * HOUR_MS;
/** The first deletion waits until the start of the hub is over. */
const FIRST_PRUNE_MS = 60_000;
/** A process that began up to this long before it was first seen is taken to be seen from its beginning. */
const SEEN_FROM_START_MS = 10_000;
/** Shortest time a sample claims to cover, so that a rate made from a moment is not absurd. */
const SHORTEST_MS = 1_000;

/** What a recorder works with. */
export interface RecorderOptions {
  readonly current: Pick<CurrentView, "forEachSeries">;
  readonly writer: Pick<StoreWriter, "write">;
  readonly clock: Clock;
  /** Length of an interval, ms; intervals begin at its multiples (UTC). @default 300_000 */
  readonly intervalMs?: number;
  /** History older than this is deleted, ms. @default 604_800_000 (7 days) */
  readonly retentionMs?: number;
  /** Another hub recorded the same processes until just now. @default false */
  readonly succeeds?: boolean;
  /** Deletes intervals that started before a time: `store.prune`. Called once an hour. */
  readonly prune?: (beforeAt: number) => Promise<unknown>;
  /** Told when a deletion fails; the next one comes an hour later. */
  readonly onError?: OnHubError;
}

/** Turns the state of now into intervals to be stored. */
export interface Recorder {
  /** Looks at `current`; call it each second with the present, ms epoch. Ends intervals by itself. */
  observe(at: number): void;
  /** Writes the interval so far. It may be written again later, which replaces it. */
  record(at: number): void;
  /** Writes the interval so far and ends. Safe to call twice. */
  close(): void;
}

/**
 * Records what `current` knows, one sample per series and interval. Counters
 * and histograms become their growth, gauges the least, largest, sum and count
 * of the readings of each second.
 *
 * The first interval begins when the recorder first looks, so after a restart
 * of the hub it adds to what was stored before instead of replacing it. What a
 * process had counted before the hub first saw it is no growth, unless it
 * began just then (as `process.uptime` tells), and after this hub did: what is
 * older may have been stored by the hub before. A series that is not seen for
 * a whole interval is forgotten.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new IntervalRecorder(options);
}

interface SeriesTrack {
  readonly series: Series;
  readonly interval: SeriesInterval;
  /** It began after its node was first seen. */
  readonly fromZero: boolean;
  seenAt: number;
}

interface NodeTrack {
  readonly name: string;
  /** Number of the look that saw it first. */
  readonly firstLook: number;
  /** It was first seen at its beginning, so all it has counted is growth. */
  fromZero: boolean;
  readonly series: Map<string, SeriesTrack>;
}

class IntervalRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #intervalMs: number;
  /** What processes that began earlier had counted may be stored already. */
  readonly #aloneSince: number;
  readonly #keys = new WeakMap<Series, string>();
  readonly #nodes = new Map<string, NodeTrack>();
  #startAt: number | null = null;
  #endAt = 0;
  /** The latest start of any interval so far. */
  #newestStartAt = 0;
  #observedAt = 0;
  #pruneAt = 0;
  #looks = 0;
  #closed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 300_000;
    this.#aloneSince = options.clock.now() - (options.succeeds === true ? 0 : SEEN_FROM_START_MS);
  }

  observe(at: number): void {
    if (this.#closed) return;
    if (this.#startAt === null) this.#begin(at);
    else if (at >= this.#endAt) {
      this.#look(at, false);
      this.#turn(at, this.#startAt, this.#endAt);
    } else if (at < this.#startAt) this.#turn(at, this.#startAt, this.#observedAt);
    this.#look(at, true);
    this.#pruneWhenDue(at);
    this.#observedAt = at;
  }

  record(at: number): void {
    if (this.#closed || this.#startAt === null) return;
    this.#look(at, false);
    this.#write(this.#startAt, Math.min(at, this.#endAt));
  }

  close(): void {
    this.record(this.#options.clock.now());
    this.#closed = true;
    this.#nodes.clear();
  }

  #begin(startAt: number): void {
    this.#startAt = startAt;
    this.#newestStartAt = Math.max(this.#newestStartAt, startAt);
    this.#endAt = this.#floor(startAt) + this.#intervalMs;
  }

  /** Ends the interval at `endAt` and begins the one that `at` lies in. */
  #turn(at: number, startAt: number, endAt: number): void {
    this.#write(startAt, endAt);
    for (const node of this.#nodes.values()) this.#turnNode(node, startAt);
    const nextAt = this.#floor(at);
    // After the clock was put back that time is stored already: an interval of its own, beside what is there.
    this.#begin(nextAt > this.#newestStartAt ? nextAt : at + 1);
  }

  #turnNode(node: NodeTrack, startAt: number): void {
    for (const [key, track] of node.series) {
      if (track.seenAt < startAt) node.series.delete(key);
      else track.interval.next();
    }
    if (node.series.size === 0) this.#nodes.delete(node.name);
  }

  #look(at: number, withGauges: boolean): void {
    this.#looks++;
    this.#options.current.forEachSeries((state) => {
      const { kind } = state.series.metric;
      const node = this.#nodeOf(state);
      if (state.series.metric.name === "process.uptime") this.#notice(node, state, at);
      if (kind === "gauge" && !withGauges) return;
      const track = this.#trackOf(node, state);
      track.interval.take(state);
      track.seenAt = at;
    });
  }

  #nodeOf({ node: name }: SeriesState): NodeTrack {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = { name, firstLook: this.#looks, fromZero: false, series: new Map() };
      this.#nodes.set(name, node);
    }
    return node;
  }

  #trackOf(node: NodeTrack, { series }: SeriesState): SeriesTrack {
    const key = this.#keys.get(series) ?? seriesKey(series.metric.name, series.labels);
    this.#keys.set(series, key);
    let track = node.series.get(key);
    if (track === undefined) {
      const fromZero = node.firstLook < this.#looks;
      track = { series, interval: SERIES_INTERVALS[series.metric.kind](), fromZero, seenAt: 0 };
      node.series.set(key, track);
    }
    return track;
  }

  /** Whether a node that was just met began just now: in this interval, of which nothing can be stored yet. */
  #notice(node: NodeTrack, { value, at: readAt }: SeriesState, at: number): void {
    if (node.firstLook !== this.#looks || typeof value !== "number") return;
    const beganAt = readAt - value * 1000;
    const justNow = beganAt >= Math.min(this.#floor(at), at - SEEN_FROM_START_MS);
    node.fromZero = justNow && beganAt >= this.#aloneSince;
  }

  #write(startAt: number, endAt: number): void {
    const samples: Sample[] = [];
    for (const node of this.#nodes.values()) {
      for (const { series, interval, fromZero, seenAt } of node.series.values()) {
        const figures = seenAt < startAt ? null : interval.figures(fromZero || node.fromZero);
        if (figures === null) continue;
        // A series that was last seen earlier covers the time until then only.
        const until = seenAt >= this.#observedAt ? endAt : seenAt;
        const intervalMs = Math.max(SHORTEST_MS, until - startAt);
        samples.push({ node: node.name, series, at: startAt, intervalMs, ...figures });
      }
    }
    if (samples.length > 0) this.#options.writer.write(samples);
  }

  #pruneWhenDue(at: number): void {
    const first = this.#observedAt === 0;
    // A clock that jumps may be wrong, and deleting can't be undone: wait and see.
    if (Math.abs(at - this.#observedAt) > HOUR_MS) this.#pruneAt = at + (first ? FIRST_PRUNE_MS : HOUR_MS);
    if (at < this.#pruneAt) return;
    this.#pruneAt = at + HOUR_MS;
    void this.#prune(at - (this.#options.retentionMs ?? DEFAULT_RETENTION_MS));
  }

  async #prune(beforeAt: number): Promise<void> {
    try {
      await this.#options.prune?.(beforeAt);
    } catch (error) {
      this.#options.onError?.(error, { stage: "store" });
    }
  }

  #floor(at: number): number {
    return Math.floor(at / this.#intervalMs) * this.#intervalMs;
  }
}
