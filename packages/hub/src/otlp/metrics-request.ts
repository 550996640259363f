import { type HelloFrame, type Histogram, type MetricDefinition, SCALE } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";
import { type Exposed, forEachExposed } from "../prometheus/exposed.ts";
import { MessageWriter } from "../protobuf/message-writer.ts";
import { VERSION } from "../version.ts";

/** Numbers of the fields of `opentelemetry.proto` that are written here. */
const REQUEST = { resourceMetrics: 1 } as const;
const RESOURCE_METRICS = { resource: 1, scopeMetrics: 2 } as const;
const RESOURCE = { attributes: 1 } as const;
const SCOPE_METRICS = { scope: 1, metrics: 2 } as const;
const SCOPE = { name: 1, version: 2 } as const;
const METRIC = { name: 1, description: 2, unit: 3, gauge: 5, sum: 7, exponentialHistogram: 10 } as const;
/** Of a gauge, a sum and a distribution alike. */
const DATA = { points: 1, temporality: 2, isMonotonic: 3 } as const;
const NUMBER_POINT = { startTime: 2, time: 3, asDouble: 4, attributes: 7 } as const;
const HISTOGRAM_POINT = {
  attributes: 1,
  startTime: 2,
  time: 3,
  count: 4,
  sum: 5,
  scale: 6,
  zeroCount: 7,
  positive: 8,
  min: 12,
  max: 13,
} as const;
const BUCKETS = { offset: 1, counts: 2 } as const;
const KEY_VALUE = { key: 1, value: 2 } as const;
const ANY_VALUE = { text: 1, int: 3 } as const;
const CUMULATIVE = 2;

const NANOS_PER_MS = 1_000_000n;
/** A request is ended when it is larger than this, so that no receiver refuses it for its size. */
const REQUEST_BYTES = 1024 * 1024;
/** Points that are written in one go: of distributions, half a request at most. */
const METRIC_POINTS = 256;
/** The hub's loop goes on after this much work, ms. */
const SLICE_MS = 4;

/** One `ExportMetricsServiceRequest`. */
export interface MetricsRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly points: number;
}

/**
 * The newest figures as requests of OTLP, each of a bounded size: a resource
 * for each process, values cumulative since it began, distributions as
 * exponential histograms without loss.
 */
export async function* metricsRequests(
  current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">,
): AsyncGenerator<MetricsRequest> {
  const hellos = new Map(current.nodes("all").map(({ node, hello }) => [node, hello]));
  let sliceAt = performance.now();
  for (const [node, metrics] of collect(current)) {
    const hello = hellos.get(node);
    if (hello === undefined) continue;
    const request = new RequestWriter(hello);
    for (const [metric, points] of metrics) {
      for (let from = 0; from < points.length; from += METRIC_POINTS) {
        request.metric(metric, points.slice(from, from + METRIC_POINTS));
        if (request.length >= REQUEST_BYTES) yield request.take();
        if (performance.now() - sliceAt < SLICE_MS) continue;
        await new Promise(setImmediate);
        sliceAt = performance.now();
      }
    }
    if (request.points > 0) yield request.take();
  }
}

type Collected = ReadonlyMap<string, ReadonlyMap<MetricDefinition, readonly Exposed[]>>;

/** All values of one moment, by process and metric; distributions never change, so they need no copy. */
function collect(current: Pick<CurrentView, "at" | "nodes" | "forEachSeries">): Collected {
  const nodes = new Map<string, Map<MetricDefinition, Exposed[]>>();
  forEachExposed(current, (exposed) => {
    const { metric } = exposed.series;
    const metrics = nodes.get(exposed.node) ?? new Map<MetricDefinition, Exposed[]>();
    const points = metrics.get(metric) ?? [];
    points.push(exposed);
    metrics.set(metric, points);
    nodes.set(exposed.node, metrics);
  });
  return nodes;
}

/** Writes requests of one process. */
class RequestWriter {
  readonly #hello: HelloFrame;
  #writer = new MessageWriter();
  #open: readonly number[] | null = null;
  #points = 0;

  constructor(hello: HelloFrame) {
    this.#hello = hello;
  }

  get length(): number {
    return this.#writer.length;
  }

  get points(): number {
    return this.#points;
  }

  metric(definition: MetricDefinition, points: readonly Exposed[]): void {
    this.#open ??= this.#begin();
    this.#points += points.length;
    const { name, help, unit, kind } = definition;
    const writer = this.#writer;
    const metric = writer.begin(SCOPE_METRICS.metrics);
    writer.text(METRIC.name, name);
    writer.text(METRIC.description, help);
    writer.text(METRIC.unit, unit);
    const data = writer.begin(
      { gauge: METRIC.gauge, counter: METRIC.sum, histogram: METRIC.exponentialHistogram }[kind],
    );
    for (const point of points) this.#point(point);
    if (kind !== "gauge") writer.varint(DATA.temporality, CUMULATIVE);
    if (kind === "counter") writer.varint(DATA.isMonotonic, 1);
    writer.end(data);
    writer.end(metric);
  }

  /** The request so far; the next metric begins another. */
  take(): MetricsRequest {
    for (const start of this.#open ?? []) this.#writer.end(start);
    const request = { body: this.#writer.finish(), points: this.#points };
    this.#writer = new MessageWriter();
    this.#open = null;
    this.#points = 0;
    return request;
  }

  /** Opens the messages that metrics stand in; answers what must be ended, innermost first. */
  #begin(): readonly number[] {
    const writer = this.#writer;
    const resourceMetrics = writer.begin(REQUEST.resourceMetrics);
    const resource = writer.begin(RESOURCE_METRICS.resource);
    const { service, instance, host, pid, runtime } = this.#hello;
    writeText(writer, RESOURCE.attributes, "service.name", service);
    writeText(writer, RESOURCE.attributes, "service.instance.id", instance);
    writeText(writer, RESOURCE.attributes, "host.name", host);
    writeWhole(writer, RESOURCE.attributes, "process.pid", pid);
    writeText(writer, RESOURCE.attributes, "process.runtime.description", runtime);
    writer.end(resource);
    const scopeMetrics = writer.begin(RESOURCE_METRICS.scopeMetrics);
    const scope = writer.begin(SCOPE_METRICS.scope);
    writer.text(SCOPE.name, "wsight");
    writer.text(SCOPE.version, VERSION);
    writer.end(scope);
    return [scopeMetrics, resourceMetrics];
  }

  #point({ series: { labels, metric }, at, value }: Exposed): void {
    const writer = this.#writer;
    const field = typeof value === "number" ? NUMBER_POINT : HISTOGRAM_POINT;
    const point = writer.begin(DATA.points);
    for (const name of Object.keys(labels)) writeText(writer, field.attributes, name, labels[name] ?? "");
    // A clock of another machine may be ahead of the hub's.
    if (metric.kind !== "gauge") writer.fixed64(field.startTime, nanos(Math.min(this.#hello.startedAt, at)));
    writer.fixed64(field.time, nanos(at));
    if (typeof value === "number") writer.double(NUMBER_POINT.asDouble, value);
    else writeHistogram(writer, value);
    writer.end(point);
  }
}

function writeHistogram(writer: MessageWriter, histogram: Histogram): void {
  const { count, sum, zeroCount, min, max } = histogram;
  writer.fixed64(HISTOGRAM_POINT.count, count);
  writer.double(HISTOGRAM_POINT.sum, sum);
  writer.zigzag(HISTOGRAM_POINT.scale, SCALE);
  writer.fixed64(HISTOGRAM_POINT.zeroCount, zeroCount);
  const positive = writer.begin(HISTOGRAM_POINT.positive);
  writeBuckets(writer, histogram);
  writer.end(positive);
  if (count === 0) return;
  writer.double(HISTOGRAM_POINT.min, min);
  writer.double(HISTOGRAM_POINT.max, max);
}

/** Counts of all buckets from the first full one to the last: at most the 1,664 there are. */
function writeBuckets(writer: MessageWriter, histogram: Histogram): void {
  let next: number | null = null;
  let counts = 0;
  histogram.forEachBucket((index, count) => {
    if (next === null) {
      writer.zigzag(BUCKETS.offset, index);
      counts = writer.begin(BUCKETS.counts);
      next = index;
    }
    for (; next < index; next++) writer.item(0);
    writer.item(count);
    next = index + 1;
  });
  if (next !== null) writer.end(counts);
}

function writeText(writer: MessageWriter, field: number, key: string, text: string): void {
  const pair = writer.begin(field);
  writer.text(KEY_VALUE.key, key);
  const value = writer.begin(KEY_VALUE.value);
  writer.text(ANY_VALUE.text, text);
  writer.end(value);
  writer.end(pair);
}

function writeWhole(writer: MessageWriter, field: number, key: string, whole: number): void {
  const pair = writer.begin(field);
  writer.text(KEY_VALUE.key, key);
  const value = writer.begin(KEY_VALUE.value);
  writer.varint(ANY_VALUE.int, whole);
  writer.end(value);
  writer.end(pair);
}

function nanos(ms: number): bigint {
  return BigInt(Math.max(0, Math.round(ms))) * NANOS_PER_MS;
}
