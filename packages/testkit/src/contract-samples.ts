import type { Sample } from "@wsight/hub";
import {
  Histogram,
  type HistoryEvent,
  type HistoryEventKind,
  type MetricDefinition,
  parseMetric,
  type Series,
  type TierStep,
} from "@wsight/protocol";

/** Start of the first interval of the contract's samples, ms epoch: ten minutes before a full hour. */
export const CONTRACT_START_AT = 1_792_000_200_000;
/** Length of an interval of the contract's samples, ms. */
export const CONTRACT_INTERVAL_MS: TierStep = 1_000;
/** Samples of one append of {@link appendUntilKilled}: 25 seconds. */
export const CRASH_BATCH = 200;
/** Series of the contract, over all nodes: so many samples has each interval. */
export const CONTRACT_SERIES = 8;

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
const VALUES = [0, 1, 0.1, -2.5, 1e-9, 5e-324, 2 ** 53 - 1, 1e300, 1 / 3, -1e15, 123_456.789] as const;

const EVENT_KINDS: readonly HistoryEventKind[] = ["connection.opened", "connection.closed", "error"];

/** Metrics that the contract's samples belong to. */
export const CONTRACT_METRICS: readonly string[] = [COUNTER.name, GAUGE.name, HISTOGRAM.name];

/** Where sample `index` of an endless list belongs. */
interface Slot {
  readonly node: string;
  readonly series: Series;
  readonly interval: number;
}

/**
 * Sample `index` of an endless list: another (node, series, at) for each index,
 * in order of `at`, with odd values that follow from the index alone.
 */
export function contractSample(index: number, intervalMs: TierStep = CONTRACT_INTERVAL_MS): Sample {
  const { node, series, interval } = slotOf(index);
  const at = Math.floor(CONTRACT_START_AT / intervalMs) * intervalMs + interval * intervalMs;
  if (series.metric === HISTOGRAM) return { node, series, at, intervalMs, ...distribution(index) };
  const value = (step: number): number => VALUES[(index + step) % VALUES.length] as number;
  return { node, series, at, intervalMs, min: value(1), max: value(2), sum: value(3), count: index, last: value(4) };
}

/** Samples from `first` on. */
export function contractSamples(first: number, count: number, intervalMs?: TierStep): readonly Sample[] {
  return Array.from({ length: count }, (_, i) => contractSample(first + i, intervalMs));
}

/**
 * The same list with values as a hub records them each second, all of them
 * multiples of 1/8: sums are exact in whatever order they are added. A counter
 * begins anew every 400 seconds.
 */
export function steadySamples(first: number, count: number): readonly Sample[] {
  return Array.from({ length: count }, (_, i) => steadySample(first + i));
}

function steadySample(index: number): Sample {
  const { node, series, interval } = slotOf(index);
  const head = { node, series, at: CONTRACT_START_AT + interval * CONTRACT_INTERVAL_MS };
  const whole = { ...head, intervalMs: CONTRACT_INTERVAL_MS };
  const value = ((index * 7919) % 997) / 8;
  if (series.metric.kind === "gauge") return { ...whole, min: value, max: value, sum: value, count: 1, last: value };
  if (series.metric.kind === "counter") {
    const last = (interval % 400) * 1_000 + value;
    return { ...whole, min: value, max: value, sum: value, count: 1, last };
  }
  return { ...whole, ...figuresOf([value, value / 4, 1 / 8]) };
}

/** Events from `first` on: another for each number, a second apart, in order of `at`. */
export function contractEvents(first: number, count: number): readonly HistoryEvent[] {
  return Array.from({ length: count }, (_, i) => contractEvent(first + i));
}

function contractEvent(index: number): HistoryEvent {
  return {
    at: CONTRACT_START_AT + index * 1_000,
    kind: EVENT_KINDS[index % EVENT_KINDS.length] as HistoryEventKind,
    node: index % 5 === 4 ? null : (NODES[index % NODES.length] as string),
    subject: index % 7 === 6 ? "" : `c-${index % 7}`,
    text: `number ${index} "quoted" \\ line \n é 🚀`,
    attributes: index % 4 === 0 ? {} : { code: 1000 + (index % 16), reason: "going away", ratio: 1 / 3 },
  };
}

/**
 * What a child process does until it is killed: appends batch after batch, and
 * after each acknowledgement says its number on a line of its own.
 */
export async function appendUntilKilled(
  store: { append(samples: readonly Sample[]): Promise<void> },
  firstBatch: number,
  say: (line: string) => void,
): Promise<never> {
  for (let batch = firstBatch; ; batch++) {
    await store.append(contractSamples(batch * CRASH_BATCH, CRASH_BATCH));
    say(`${batch}\n`);
  }
}

function slotOf(index: number): Slot {
  const slot = index % CONTRACT_SERIES;
  return {
    series: SERIES[slot % SERIES.length] as Series,
    node: NODES[Math.floor(slot / SERIES.length)] as string,
    interval: Math.floor(index / CONTRACT_SERIES),
  };
}

function distribution(seed: number): Figures {
  return figuresOf(Array.from({ length: 1 + (seed % 40) }, (_, i) => ((seed * 7919 + i * 104_729) % 100_000) / 1e5));
}

/** The numbers of a sample, which repeat its histogram. */
type Figures = Pick<Sample, "min" | "max" | "sum" | "count" | "last" | "histogram">;

function figuresOf(values: readonly number[]): Figures {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  const { min, max, sum, count } = histogram;
  return { min, max, sum, count, last: sum / count, histogram: histogram.encode() };
}
