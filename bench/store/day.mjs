// The seconds of a busy application: what one process of 200 series measures,
// shaped as wsight's own collectors shape it. The same seed gives the same day,
// so every store is fed the same values.
import { findMetric, Histogram } from "@wsight/protocol";

/** Series of one process. */
export const SERIES_A_NODE = 200;
/** Distributions that a series takes its seconds from. */
const POOL = 512;
/** What the recorder keeps of ratios, and of sums of distributions (see `current/second-points.ts` of the hub). */
const RATIO_STEPS = 1e6;
const SUM_STEPS = 1e9;

/**
 * What a process of 200 series holds: metric, the attribute that tells its
 * series apart, how many of them, and how one of them goes.
 */
const MIX = [
  ["websocket.server.messages", "event", 24, (random) => counter(random, 10 ** (random() * 4 - 1))],
  ["websocket.server.io", "ws.server", 8, (random) => byteCounter(random, 10 ** (random() * 3))],
  ["http.server.io", "http.server", 4, (random) => byteCounter(random, 10 ** (random() * 2))],
  ["websocket.server.connections", "ws.server", 4, (random) => counter(random, random() * 3)],
  ["websocket.server.closes", "reason", 12, (random) => counter(random, random() ** 4)],
  ["websocket.server.handler.errors", "event", 12, (random) => counter(random, random() ** 8 / 10)],
  ["db.client.operation.waits", "db.operation.name", 8, (random) => counter(random, random() ** 3 * 40)],
  ["process.cpu.time", "cpu.mode", 4, (random) => cpuCounter(random)],
  ["websocket.server.active_connections", "ws.server", 16, (random) => walk(random, 2_000, 3)],
  ["socketio.rooms", "namespace", 12, (random) => walk(random, 300, 1)],
  ["http.server.active_requests", "http.server", 8, (random) => queue(random, 2)],
  ["db.client.connection.pending_requests", "db.client.connection.pool.name", 8, (random) => queue(random, 0.05)],
  ["v8js.memory.heap.space.used", "v8js.heap.space.name", 12, (random) => sawtooth(random, 8)],
  ["system.memory.usage", "system.memory.state", 8, (random) => sawtooth(random, 4_096)],
  ["system.cpu.core.utilization", "cpu.logical_number", 12, (random) => share(random)],
  ["system.cpu.load_average.1m", "cpu", 4, (random) => load(random)],
  ["db.client.connection.max", "db.client.connection.pool.name", 16, (random) => constant(random)],
  ["process.open_file_descriptor.limit", "of", 8, (random) => constant(random)],
  ["websocket.server.handler.duration", "event", 12, (random) => latencies(random, 3)],
  ["db.client.operation.duration", "db.operation.name", 6, (random) => latencies(random, 12)],
  ["nodejs.eventloop.lag", "thread", 2, (random) => latencies(random, 50)],
];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A day's sources: `count` series in nodes of 200. Each tells its next second
 * by `next(second)`, which fills the sample's figures.
 */
export function createDay({ count, seed = 1 }) {
  const random = randomOf(seed);
  const sources = [];
  for (let node = 0; sources.length < count; node++) {
    for (const [name, attribute, many, make] of MIX) {
      const metric = findMetric(name);
      for (let i = 0; i < many && sources.length < count; i++) {
        const series = { metric, labels: { [attribute]: `${attribute}-${i}` } };
        sources.push({ node: `bench/${node}`, series, kind: metric.kind, next: make(random) });
      }
    }
  }
  return sources;
}

/** One second of one source as a sample. */
export function sampleOf(source, at) {
  const { node, series } = source;
  return { node, series, at, intervalMs: 1_000, ...source.next(at / 1_000) };
}

/** Busier by day than by night, with slow waves of minutes. */
function busy(second) {
  return 1 + 0.6 * Math.sin((second / 86_400) * 2 * Math.PI) + 0.2 * Math.sin(second / 97);
}

function poisson(random, mean) {
  if (mean > 20) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random()) count++;
  return count;
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function keep(value, steps) {
  return Math.round(value * steps) / steps;
}

function grown(sum, last) {
  return { min: sum, max: sum, sum, count: 1, last };
}

function read(value) {
  return { min: value, max: value, sum: value, count: 1, last: value };
}

function counter(random, rate) {
  let last = Math.floor(random() * 1e6);
  return (second) => {
    const growth = poisson(random, rate * busy(second));
    last += growth;
    return grown(growth, last);
  };
}

function byteCounter(random, rate) {
  let last = Math.floor(random() * 1e9);
  return (second) => {
    const messages = poisson(random, rate * busy(second));
    const growth = messages * 120 + Math.round(Math.abs(normal(random)) * Math.sqrt(messages) * 90);
    last += growth;
    return grown(growth, last);
  };
}

/** Seconds of CPU, counted in microseconds. */
function cpuCounter(random) {
  let micros = 0;
  const share = 2e5 * random();
  return (second) => {
    const before = micros / 1e6;
    micros += Math.round(share * busy(second) * (0.8 + 0.4 * random()));
    return grown(micros / 1e6 - before, micros / 1e6);
  };
}

function walk(random, level, most) {
  let value = level;
  return () => {
    if (random() < 0.6) value = Math.max(0, value + Math.round(normal(random) * most));
    return read(value);
  };
}

function queue(random, mean) {
  return (second) => read(poisson(random, mean * busy(second)));
}

/** Memory: grows, and falls when garbage is collected. */
function sawtooth(random, unit) {
  let units = Math.round(5e7 / unit);
  return () => {
    if (random() < 0.02) units = Math.round(units * 0.7);
    else if (random() < 0.8) units += Math.round((random() * 4e5) / unit);
    return read(units * unit);
  };
}

/** A quotient of two times, as utilizations are. */
function share(random) {
  const base = 0.1 + 0.3 * random();
  return (second) => {
    const idle = base * busy(second) * (0.9 + 0.2 * random());
    return read(keep(Math.min(1, Math.round(idle * 1e6) / Math.round(1e6 + random() * 900)), RATIO_STEPS));
  };
}

function load(random) {
  let value = 1;
  return (second) => {
    if (second % 5 === 0) value += (busy(second) + 0.4 * normal(random) - value) * 0.08;
    return read(Math.round(value * 100) / 100);
  };
}

function constant(random) {
  const value = Math.floor(random() * 1e4);
  return () => read(value);
}

/** Durations around some milliseconds; a second without any has no sample. */
function latencies(random, rate) {
  const pool = poolOf(random, rate);
  return () => pool[Math.floor(random() * POOL)];
}

function poolOf(random, rate) {
  const whole = new Histogram();
  const middle = Math.log(10 ** (-3.5 + 2 * random()));
  return Array.from({ length: POOL }, () => {
    const before = whole.clone();
    for (let left = Math.max(1, poisson(random, rate)); left > 0; left--) {
      whole.record(Math.round(Math.exp(middle + 0.7 * normal(random)) * 1e9) / 1e9);
    }
    return figuresOf(whole.since(before));
  });
}

/** As the recorder keeps it: its sum to a billionth. */
function figuresOf(histogram) {
  const { min, max, count } = histogram;
  const sum = keep(histogram.sum, SUM_STEPS);
  const bytes = histogram.encode();
  // Behind the count, a varint, stands the sum.
  const at = bytes.findIndex((byte) => byte < 0x80) + 1;
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(at, sum, true);
  return { min, max, sum, count, last: sum / count, histogram: bytes };
}
