import { type Series, seriesKey } from "@wsight/protocol";
import type { CurrentView, SecondPoint } from "../current-view.ts";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS } from "../store/pack.ts";

const SECOND_MS = 1000;
/** Seconds of a blocked event loop, or before the first look, that are made up for. */
const MAX_BEHIND = 60;
/** A growth that took longer is spread over this many seconds at most. */
const MAX_SPREAD = 300;
/** Nodes whose newest second is remembered. */
const MAX_NODES = 4096;
/** Rows that may wait for the next write; with more they are written early. */
const MAX_PENDING_ROWS = 200_000;

/** Series that may begin within an hour: each takes about 20 KB of the store until its hour is over. */
const MAX_NEW_SERIES = 40_000;
const HOUR_MS = 3_600_000;

/** What a recorder works with. */
export interface RecorderOptions {
  readonly current: Pick<CurrentView, "at" | "forEachInSecond" | "nodes">;
  /** Takes what was recorded; must not throw. */
  readonly write: (samples: PackedSamples) => void;
  /** How often what was recorded is handed over, ms; each second is kept by itself whatever it is. @default 1000 */
  readonly intervalMs?: number;
  /**
   * What processes that began before this (ms epoch) had counted until they are seen first is taken for stored: another
   * hub may have recorded it. @default 0
   */
  readonly aloneSince?: number;
  /** Told when the clock was put back: from `at` on (ms epoch), what is kept is written over. */
  readonly onClockBack?: (at: number, byMs: number) => void;
  /** Series that may begin within one hour; further ones are not recorded until the next. @default 40_000 */
  readonly maxNewSeries?: number;
  /** Told once an hour when series are left out for that. @param from since when, ms epoch */
  readonly onSeriesLeftOut?: (from: number) => void;
}

/** Turns closed seconds into samples to be stored. */
export interface Recorder {
  /** Takes the seconds that `current` has closed since the last call. */
  observe(): void;
  /** Hands over what waits. */
  flush(): void;
}

/**
 * Records each second that `current` has closed, one sample per series: of
 * gauges the reading, of counters growth and value, of distributions what was
 * recorded. What the live view shows of a second is what is kept of it.
 *
 * Growth that a snapshot brings after a silence is spread over the seconds it
 * took, in whole numbers where it is whole: totals stay exact and no second
 * claims what ten have seen. Distributions stay with the second that brought
 * them. Gauges of silent seconds are not known and stay a gap.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new SecondRecorder(options);
}

class SecondRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #names = new WeakMap<Series, PackedSeries>();
  /** The newest second of each node that had growth. */
  readonly #grewAt = new Map<string, number>();
  /** Hour of the newest series, and how many began in it. */
  #hour = 0;
  #begun = 0;
  #rows = new RowPacker();
  #recordedAt: number | null = null;
  #handedAt = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  observe(): void {
    const { current, intervalMs = SECOND_MS, onClockBack } = this.#options;
    const { at } = current;
    if (at === null) return;
    if (this.#recordedAt !== null && at < this.#recordedAt) {
      onClockBack?.(at, this.#recordedAt - at);
      this.#recordedAt = null;
      this.#grewAt.clear();
    }
    if (this.#recordedAt === null) this.#handedAt = at - SECOND_MS;
    const from = Math.max((this.#recordedAt ?? at - SECOND_MS) + SECOND_MS, at - MAX_BEHIND * SECOND_MS);
    for (let second = from; second <= at; second += SECOND_MS) this.#record(second);
    this.#recordedAt = at;
    if (at - this.#handedAt < intervalMs && this.#rows.length < MAX_PENDING_ROWS) return;
    this.#handedAt = at;
    this.flush();
  }

  flush(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = new RowPacker(rows.length);
    this.#options.write(rows.finish());
  }

  #record(at: number): void {
    const grew = new Set<string>();
    const inherited = this.#inherited();
    this.#options.current.forEachInSecond(at, (point) => {
      if (point.series.metric.kind !== "gauge" && inherited.has(point.node)) {
        grew.add(point.node);
        return;
      }
      const name = this.#nameOf(point, at);
      if (name === null) return;
      if (point.series.metric.kind !== "counter") this.#rows.add(name, at, point);
      else {
        this.#spread(name, at, point);
        grew.add(point.node);
      }
    });
    if (this.#grewAt.size > MAX_NODES) this.#grewAt.clear();
    for (const node of grew) this.#grewAt.set(node, at);
  }

  /** Processes not seen before whose first growth a hub before may have stored; the hub's own figures begin with it. */
  #inherited(): ReadonlySet<string> {
    const { current, aloneSince = 0 } = this.#options;
    const older = current.nodes().filter(({ node, hello }) => !this.#grewAt.has(node) && hello.startedAt < aloneSince);
    return new Set(older.map(({ node }) => node));
  }

  /** One sample for each second that the growth took. */
  #spread(name: PackedSeries, at: number, point: SecondPoint): void {
    // Never over seconds that have growth of their own, nor over those of a hub before.
    const silent = (at - (this.#grewAt.get(point.node) ?? at - SECOND_MS)) / SECOND_MS;
    const seconds = Math.min(MAX_SPREAD, silent, Math.round(point.coveredMs / SECOND_MS));
    if (seconds <= 1) {
      this.#rows.add(name, at, point);
      return;
    }
    const { sum, last } = point;
    const share = Number.isInteger(sum) ? Math.floor(sum / seconds) : sum / seconds;
    for (let back = seconds - 1; back >= 0; back--) {
      const grown = back === 0 ? sum - share * (seconds - 1) : share;
      const value = back === 0 ? last : last - sum + share * (seconds - back);
      this.#rows.add(name, at - back * SECOND_MS, { min: grown, max: grown, sum: grown, count: 1, last: value });
    }
  }

  /** Counts a series that begins; false when there were enough this hour. */
  #begins(at: number): boolean {
    const { maxNewSeries = MAX_NEW_SERIES, onSeriesLeftOut } = this.#options;
    const hour = Math.floor(at / HOUR_MS);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#begun = 0;
    }
    if (this.#begun < maxNewSeries) {
      this.#begun++;
      return true;
    }
    if (this.#begun++ === maxNewSeries) onSeriesLeftOut?.(at);
    return false;
  }

  /** How the store knows a series; `null` for one too many. */
  #nameOf({ node, series }: SecondPoint, at: number): PackedSeries | null {
    const known = this.#names.get(series);
    if (known?.node === node) return known;
    if (!this.#begins(at)) return null;
    const { metric, labels } = series;
    const name = { node, metric: metric.name, key: seriesKey(metric.name, labels), labels: JSON.stringify(labels) };
    this.#names.set(series, name);
    return name;
  }
}

/** What a row says beside whose and when. */
type Figures = Pick<SecondPoint, "min" | "max" | "sum" | "count" | "last"> & Partial<Pick<SecondPoint, "histogram">>;

/** Rows of samples as columns that grow. */
class RowPacker {
  length = 0;
  readonly #series: PackedSeries[] = [];
  readonly #indexes = new Map<PackedSeries, number>();
  #numbers: Float64Array<ArrayBuffer>;
  #sizes: Uint32Array<ArrayBuffer>;
  readonly #histograms: Uint8Array[] = [];
  #bytes = 0;

  constructor(expected = 256) {
    const rows = Math.max(64, Math.ceil(expected * 1.1));
    this.#numbers = new Float64Array(rows * ROW_NUMBERS);
    this.#sizes = new Uint32Array(rows);
  }

  /** Adds one second. */
  add(name: PackedSeries, at: number, { min, max, sum, count, last, histogram = null }: Figures): void {
    // What grew beyond all numbers can't be kept, and would take the others of its second with it.
    if (min - min + (max - max) + (sum - sum) + (count - count) + (last - last) !== 0) return;
    const row = this.length++;
    if (row === this.#sizes.length) this.#grow();
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = this.#series.push(name) - 1;
      this.#indexes.set(name, index);
    }
    const start = row * ROW_NUMBERS;
    const numbers = this.#numbers;
    numbers[start] = index;
    numbers[start + 1] = at;
    numbers[start + 2] = SECOND_MS;
    numbers[start + 3] = min;
    numbers[start + 4] = max;
    numbers[start + 5] = sum;
    numbers[start + 6] = count;
    numbers[start + 7] = last;
    if (histogram === null) return;
    this.#sizes[row] = histogram.length + 1;
    this.#histograms.push(histogram);
    this.#bytes += histogram.length;
  }

  finish(): PackedSamples {
    const histograms = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const bytes of this.#histograms) {
      histograms.set(bytes, offset);
      offset += bytes.length;
    }
    return {
      series: this.#series,
      numbers: this.#numbers.slice(0, this.length * ROW_NUMBERS),
      histogramSizes: this.#sizes.slice(0, this.length),
      histograms,
    };
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const sizes = new Uint32Array(this.#sizes.length * 2);
    sizes.set(this.#sizes);
    this.#sizes = sizes;
  }
}
