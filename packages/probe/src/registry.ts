import {
  findMetric,
  type Labels,
  MAX_LABEL_LENGTH,
  MAX_SERIES,
  type MetricKind,
  type Series,
  type SnapshotEncoder,
  seriesKey,
} from "@wsight/protocol";
import type { Guard } from "./guard.ts";
import { Counter, Distribution, type Gauge } from "./instruments/instruments.ts";

type Instrument = Counter | Distribution | Gauge;

/** Series that end, and the one each is folded into. */
export interface Retirement {
  readonly id: number;
  readonly into: number;
}

/**
 * All instruments of one probe. Integrations ask for an instrument once, keep
 * it, and update it by plain field access; a snapshot walks them all.
 *
 * Bounded: at most {@link MAX_SERIES} series. Beyond that an instrument is
 * handed out that works but is never told, and that is counted.
 */
export class Registry {
  /** Label sets that found no place. */
  refused = 0;
  readonly #byKey = new Map<string, Instrument>();
  readonly #counters: Counter[] = [];
  readonly #distributions: Distribution[] = [];
  readonly #gauges: Gauge[] = [];
  readonly #freeIds: number[] = [];
  readonly #guard: Guard;
  #nextId = 0;
  #unnamed: Series[] = [];
  #unnamedIds: number[] = [];
  #retired: Retirement[] = [];

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** The counter of a metric with these labels; the same one each time. */
  counter(metric: string, labels: Labels = {}): Counter {
    return this.#obtain(metric, "counter", labels, (id, series) => {
      const counter = new Counter(id, series);
      if (id >= 0) this.#counters.push(counter);
      return counter;
    }) as Counter;
  }

  /** The histogram of a metric with these labels; the same one each time. */
  histogram(metric: string, labels: Labels = {}): Distribution {
    return this.#obtain(metric, "histogram", labels, (id, series) => {
      const distribution = new Distribution(id, series);
      if (id >= 0) this.#distributions.push(distribution);
      return distribution;
    }) as Distribution;
  }

  /**
   * Reads `read` at every snapshot. A later gauge of the same series replaces
   * an earlier one. Returns a function that ends it; its series then reads NaN.
   */
  gauge(metric: string, labels: Labels, read: () => number): () => void {
    const gauge = this.#obtain(metric, "gauge", labels, (id, series) => {
      const made: { -readonly [K in keyof Gauge]: Gauge[K] } = { id, series, read, told: Number.NEGATIVE_INFINITY };
      if (id >= 0) this.#gauges.push(made);
      return made;
    }) as { -readonly [K in keyof Gauge]: Gauge[K] };
    gauge.read = read;
    return () => {
      if (gauge.read === read) gauge.read = unreadable;
    };
  }

  /** Ends a counter: its value goes into `into`, its place and id become free. */
  retireCounter(counter: Counter, into: Counter): void {
    if (counter.id < 0 || !remove(this.#counters, counter)) return;
    into.value += counter.value;
    this.#release(counter, into.id);
  }

  /** Ends a histogram: its counts go into `into`, its place and id become free. */
  retireHistogram(distribution: Distribution, into: Distribution): void {
    if (distribution.id < 0 || !remove(this.#distributions, distribution)) return;
    into.merge(distribution);
    this.#release(distribution, into.id);
  }

  /** Series not named since the last call, and those that ended. */
  takeNames(): { names: { id: number; series: Series }[]; retired: Retirement[] } {
    const names = this.#unnamed.map((series, i) => ({ id: this.#unnamedIds[i] as number, series }));
    const retired = this.#retired;
    this.#unnamed = [];
    this.#unnamedIds = [];
    this.#retired = [];
    return { names, retired };
  }

  /** Every series there is, for a link that starts anew. */
  allNames(): { id: number; series: Series }[] {
    return [...this.#byKey.values()].filter(({ id }) => id >= 0).map(({ id, series }) => ({ id, series }));
  }

  /**
   * Writes what changed since the last snapshot, or everything. A series that came up since names were taken has its
   * turn with the next one: what reads it knows values by their names.
   */
  snapshot(encoder: SnapshotEncoder, keyframe: boolean): void {
    const isNamed = (id: number): boolean => this.#unnamedIds.length === 0 || !this.#unnamedIds.includes(id);
    for (const counter of this.#counters) {
      if ((!keyframe && counter.value === counter.told) || !isNamed(counter.id)) continue;
      counter.told = counter.value;
      encoder.counter(counter.id, counter.value);
    }
    for (const distribution of this.#distributions) {
      if ((!keyframe && distribution.count === distribution.told) || !isNamed(distribution.id)) continue;
      distribution.told = distribution.count;
      encoder.histogram(distribution.id, distribution);
    }
    for (const gauge of this.#gauges) {
      const value = this.#guard.run("gauge", gauge.read, Number.NaN);
      if ((!keyframe && Object.is(value, gauge.told)) || !isNamed(gauge.id)) continue;
      gauge.told = value;
      encoder.gauge(gauge.id, value);
    }
  }

  /** Begins a new epoch: everything counts from zero. */
  reset(): void {
    for (const counter of this.#counters) {
      counter.value = 0;
      counter.told = -1;
    }
    for (const distribution of this.#distributions) {
      distribution.reset();
      distribution.told = -1;
    }
  }

  /** Visits counters of a metric. */
  eachCounter(metric: string, visit: (counter: Counter) => void): void {
    for (const counter of this.#counters) if (counter.series.metric.name === metric) visit(counter);
  }

  /** Visits histograms of a metric. */
  eachHistogram(metric: string, visit: (distribution: Distribution) => void): void {
    for (const distribution of this.#distributions) {
      if (distribution.series.metric.name === metric) visit(distribution);
    }
  }

  /** Sum of the readings of a gauge metric; NaN readings are left out. */
  sumGauge(metric: string): number {
    let sum = 0;
    for (const gauge of this.#gauges) {
      if (gauge.series.metric.name !== metric) continue;
      const value = this.#guard.run("gauge", gauge.read, Number.NaN);
      if (value === value) sum += value;
    }
    return sum;
  }

  /** Bytes the instruments take, counted from their sizes. */
  memoryBytes(): number {
    let bytes = this.#counters.length * 160 + this.#gauges.length * 160;
    for (const distribution of this.#distributions) bytes += 320 + distribution.memoryBytes();
    return bytes;
  }

  #obtain(name: string, kind: MetricKind, given: Labels, make: (id: number, series: Series) => Instrument): Instrument {
    const labels = bound(given);
    const key = seriesKey(name, labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const metric = findMetric(name);
    if (metric?.kind !== kind) throw new TypeError(`${name}: expected a ${kind} of the catalogue, got ${metric?.kind}`);
    const id = this.#takeId();
    const series = { metric, labels };
    const made = make(id, series);
    if (id < 0) {
      this.refused++;
      return made;
    }
    this.#byKey.set(key, made);
    this.#unnamed.push(series);
    this.#unnamedIds.push(id);
    return made;
  }

  #takeId(): number {
    const free = this.#freeIds.pop();
    if (free !== undefined) return free;
    return this.#nextId < MAX_SERIES ? this.#nextId++ : -1;
  }

  #release({ id, series }: Counter | Distribution, into: number): void {
    this.#byKey.delete(seriesKey(series.metric.name, series.labels));
    const unnamed = this.#unnamedIds.indexOf(id);
    if (unnamed >= 0) {
      this.#unnamedIds.splice(unnamed, 1);
      this.#unnamed.splice(unnamed, 1);
    } else {
      this.#retired.push({ id, into });
    }
    this.#freeIds.push(id);
  }
}

function unreadable(): number {
  return Number.NaN;
}

function bound(labels: Labels): Labels {
  let bounded: Record<string, string> | undefined;
  for (const name of Object.keys(labels)) {
    const value = labels[name] as string;
    if (value.length <= MAX_LABEL_LENGTH) continue;
    bounded ??= { ...labels };
    bounded[name] = value.slice(0, MAX_LABEL_LENGTH);
  }
  return bounded ?? labels;
}

function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at < 0) return false;
  list.splice(at, 1);
  return true;
}
