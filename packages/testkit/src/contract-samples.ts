import type { Sample, Store } from "@wsight/hub";
import { Histogram, type MetricDefinition, parseMetric, type Series } from "@wsight/protocol";

/** Start of the first interval of the contract's samples, ms epoch. */
export const CONTRACT_START_AT = 1_792_000_200_000;
/** Length of an interval of the contract's samples. */
export const CONTRACT_INTERVAL_MS = 300_000;
/** Samples of one append of {@link appendUntilKilled}. */
export const CRASH_BATCH = 200;

const COUNTER: MetricDefinition = parseMetric("websocket.server.messages");
const GAUGE: MetricDefinition = parseMetric("websocket.server.active_connections");
const HISTOGRAM: MetricDefinition = parseMetric("websocket.server.message.latency");
const NODES = ["chat/1", "chat/2"] as const;
const SERIES: readonly Series[] = [
  { metric: COUNTER, labels: { direction: "in", event: "chat message" } },
  { metric: COUNTER, labels: { direction: "out", event: 'quote " backslash \\ line \n é 🚀' } },
  { metric: GAUGE, labels: {} },
  { metric: HISTOGRAM, labels: { source: "ack" } },
];

/** Values that stores like to get wrong: whole and not, tiny and huge, negative, at the edge of exactness. */
const VALUES = [0, 1, 0.1, -2.5, 1e-9, 5e-324, 2 ** 53 - 1, 1.7976931348623157e308, 1 / 3, -1e15, 123_456.789] as const;

/** Metrics that the contract's samples belong to. */
export const CONTRACT_METRICS: readonly string[] = [COUNTER.name, GAUGE.name, HISTOGRAM.name];

/**
 * Sample `index` of an endless list: another (node, series, at) for each index,
 * in order of `at`, with values that follow from the index alone.
 */
export function contractSample(index: number): Sample {
  const slot = index % (NODES.length * SERIES.length);
  const interval = Math.floor(index / (NODES.length * SERIES.length));
  const series = SERIES[slot % SERIES.length] as Series;
  const node = NODES[Math.floor(slot / SERIES.length)] as string;
  const value = (step: number): number => VALUES[(index + step) % VALUES.length] as number;
  const sample: Sample = {
    node,
    series,
    at: CONTRACT_START_AT + interval * CONTRACT_INTERVAL_MS,
    intervalMs: CONTRACT_INTERVAL_MS,
    min: value(1),
    max: value(2),
    sum: value(3),
    count: index,
    last: value(4),
  };
  return series.metric === HISTOGRAM ? { ...sample, histogram: distribution(index) } : sample;
}

/** Samples from `first` on. */
export function contractSamples(first: number, count: number): readonly Sample[] {
  return Array.from({ length: count }, (_, i) => contractSample(first + i));
}

/**
 * What a child process does until it is killed: appends batch after batch, and
 * after each acknowledgement says its number on a line of its own.
 */
export async function appendUntilKilled(store: Store, firstBatch: number, say: (line: string) => void): Promise<never> {
  for (let batch = firstBatch; ; batch++) {
    await store.append(contractSamples(batch * CRASH_BATCH, CRASH_BATCH));
    say(`${batch}\n`);
  }
}

function distribution(seed: number): Uint8Array {
  const histogram = new Histogram();
  for (let i = 0; i <= seed % 40; i++) histogram.record(((seed * 7919 + i * 104_729) % 100_000) / 1e5);
  return histogram.encode();
}
