import { type Histogram, SCALE } from "@wsight/protocol";
import { MessageWriter } from "../protobuf/message-writer.ts";
import type { Family, FamilySample, Renderer } from "./family.ts";
import { cumulativeCounts, valueName } from "./text-renderer.ts";

/** Numbers of the fields of `io.prometheus.client` that are written here. */
const FAMILY = { name: 1, help: 2, type: 3, metric: 4 } as const;
const METRIC = { label: 1, gauge: 2, counter: 3, histogram: 7 } as const;
const LABEL = { name: 1, value: 2 } as const;
const HISTOGRAM = {
  sampleCount: 1,
  sampleSum: 2,
  bucket: 3,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  positiveSpan: 12,
  positiveDelta: 13,
} as const;
const BUCKET = { cumulativeCount: 1, upperBound: 2 } as const;
const SPAN = { offset: 1, length: 2 } as const;
const TYPES = { counter: 0, gauge: 1, histogram: 4 } as const;
/** Of a gauge and of a counter alike. */
const VALUE = 1;

/** Breadth of the zero bucket, as the Prometheus clients choose it: next to nothing. */
const ZERO_THRESHOLD = 2 ** -128;
/** Empty buckets between two full ones that are cheaper told than skipped. */
const MAX_BRIDGE = 2;

/** Length-delimited `MetricFamily` messages. Distributions are native histograms of schema 5, with classic buckets beside. */
export class ProtobufRenderer implements Renderer {
  readonly #writer = new MessageWriter(64 * 1024);
  #family: Family | null = null;
  #start = 0;

  get length(): number {
    return this.#writer.length;
  }

  family(family: Family): void {
    this.#close();
    this.#family = family;
    this.#start = this.#writer.beginDelimited();
    this.#writer.text(FAMILY.name, valueName(family));
    this.#writer.text(FAMILY.help, family.help);
    this.#writer.varint(FAMILY.type, TYPES[family.kind]);
  }

  sample({ labels, value }: FamilySample): void {
    const family = this.#family;
    if (family === null) return;
    const writer = this.#writer;
    const metric = writer.begin(FAMILY.metric);
    for (const [name, text] of labels) {
      const label = writer.begin(METRIC.label);
      writer.text(LABEL.name, name);
      writer.text(LABEL.value, text);
      writer.end(label);
    }
    if (typeof value === "number") {
      const holder = writer.begin(family.kind === "counter" ? METRIC.counter : METRIC.gauge);
      writer.double(VALUE, value);
      writer.end(holder);
    } else {
      const histogram = writer.begin(METRIC.histogram);
      writeHistogram(writer, family, value);
      writer.end(histogram);
    }
    writer.end(metric);
  }

  finish(): Uint8Array {
    this.#close();
    return this.#writer.finish();
  }

  #close(): void {
    if (this.#family !== null) this.#writer.end(this.#start);
    this.#family = null;
  }
}

function writeHistogram(writer: MessageWriter, { bounds }: Family, histogram: Histogram): void {
  writer.varint(HISTOGRAM.sampleCount, histogram.count);
  writer.double(HISTOGRAM.sampleSum, histogram.sum);
  cumulativeCounts(histogram, bounds).forEach((count, i) => {
    const bucket = writer.begin(HISTOGRAM.bucket);
    writer.varint(BUCKET.cumulativeCount, count);
    writer.double(BUCKET.upperBound, bounds[i] as number);
    writer.end(bucket);
  });
  writer.zigzag(HISTOGRAM.schema, SCALE);
  writer.double(HISTOGRAM.zeroThreshold, ZERO_THRESHOLD);
  writer.varint(HISTOGRAM.zeroCount, histogram.zeroCount);
  writeNative(writer, histogram);
}

/** Runs of buckets, and each count as the difference to the one before. */
function writeNative(writer: MessageWriter, histogram: Histogram): void {
  const spans: { readonly offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  histogram.forEachBucket((bucket, count) => {
    // Prometheus numbers a bucket by its upper bound, wsight and OpenTelemetry by its lower one.
    const index = bucket + 1;
    const gap = index - next;
    const run = spans.at(-1);
    if (run === undefined || gap > MAX_BRIDGE) spans.push({ offset: gap, length: 1 });
    else {
      run.length += gap + 1;
      for (let empty = 0; empty < gap; empty++) counts.push(0);
    }
    counts.push(count);
    next = index + 1;
  });
  for (const { offset, length } of spans) {
    const span = writer.begin(HISTOGRAM.positiveSpan);
    writer.zigzag(SPAN.offset, offset);
    writer.varint(SPAN.length, length);
    writer.end(span);
  }
  const deltas = writer.begin(HISTOGRAM.positiveDelta);
  let before = 0;
  for (const count of counts) {
    writer.zigzagItem(count - before);
    before = count;
  }
  writer.end(deltas);
}
