// A past for pictures: two days of a service by the minute, and the last four
// hours by the second, with a quarter of an hour in which all was not well.
import { createLibsqlStore } from "@wsight/hub";
import { findMetric, Histogram } from "@wsight/protocol";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NODES = ["demo/web-1", "demo/web-2"];
const FINE_MS = 4 * HOUR_MS;
const COARSE_MS = 50 * HOUR_MS;
/** Seconds kept in one transaction. */
const BATCH = 120;

/**
 * Writes it into the store of a data directory.
 * @returns the hour in which it went wrong, ms epoch
 */
export async function seedPast(dataDir, now) {
  const end = Math.floor((now - 2 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  const toAt = end - 2 * HOUR_MS;
  const fromAt = toAt - HOUR_MS;
  const badAt = fromAt + 35 * MINUTE_MS;
  const random = randomOf(4700);
  const store = await createLibsqlStore({ dataDir });
  try {
    for (let at = end - COARSE_MS; at < end - FINE_MS; at += 60 * MINUTE_MS)
      await store.append(range(at, MINUTE_MS, 60).flatMap((minute) => samplesAt(minute, MINUTE_MS, badAt, random)));
    for (let at = end - FINE_MS; at < end; at += BATCH * 1000)
      await store.append(range(at, 1000, BATCH).flatMap((second) => samplesAt(second, 1000, badAt, random)));
    await store.appendEvents(
      NODES.map((node, i) => event("node.started", node, badAt + (14 + i) * MINUTE_MS, "started")),
    );
  } finally {
    await store.close();
  }
  return { fromAt, toAt };
}

/** What a process measured from `at` on: a day has a quiet night and a busy afternoon. */
function samplesAt(at, intervalMs, badAt, random) {
  const seconds = intervalMs / 1000;
  const hour = (at / HOUR_MS) % 24;
  const waves = [0.05, 0.04, 0.03].map((size, i) => size * Math.sin(at / (2_300_000 / (1 + i * 1.71)) + i));
  const busy = 1 + 0.45 * Math.sin(((hour - 9) / 24) * 2 * Math.PI) + waves.reduce((sum, wave) => sum + wave, 0);
  const bad = howBad((at - badAt) / MINUTE_MS);
  return NODES.flatMap((node, i) => {
    const share = (i === 0 ? 0.55 : 0.45) * busy;
    const gauge = (name, labels, value) => {
      const sum = value * seconds;
      return sample(node, at, intervalMs, name, labels, { min: value, max: value, sum, count: seconds, last: value });
    };
    const counter = (name, labels, perSecond) => {
      const growth = Math.round(perSecond * seconds);
      // Only growth is looked at; the value since the process began is what it would be at this pace.
      const last = Math.round((perSecond * (at - badAt + COARSE_MS)) / 1000);
      return sample(node, at, intervalMs, name, labels, { min: growth, max: growth, sum: growth, count: 1, last });
    };
    const spread = (name, labels, typical, count) => {
      const histogram = new Histogram();
      for (let n = 0; n < count; n++) histogram.record(typical * Math.exp(0.9 * gaussian(random)));
      const { min, max, sum } = histogram;
      return {
        ...sample(node, at, intervalMs, name, labels, { min, max, sum, count, last: max }),
        histogram: histogram.encode(),
      };
    };
    const noise = 1 + 0.06 * gaussian(random);
    const open = Math.round(share * 640 * (1 - 0.35 * bad) * (1 + 0.01 * gaussian(random)));
    const io = { "ws.library": "socket.io", "ws.server": "socket.io" };
    return [
      gauge("websocket.server.active_connections", { ...io, transport: "websocket" }, open),
      gauge("process.uptime", {}, Math.max(1, (at - badAt + COARSE_MS) / 1000)),
      gauge("nodejs.eventloop.utilization", {}, Math.min(0.99, 0.16 * share * noise + 0.5 * bad)),
      gauge("process.cpu.utilization", {}, Math.min(1, 0.2 * share * noise + 0.4 * bad)),
      gauge("process.memory.usage", {}, 160e6 + 40e6 * share + 30e6 * bad),
      counter("websocket.server.connections", { ...io, transport: "websocket" }, 2.4 * share * noise + 6 * bad),
      counter("websocket.server.closes", { ...io, reason: "transport close" }, 2.4 * share * noise + 5 * bad),
      counter("websocket.server.messages", { ...io, direction: "in" }, 160 * share * noise * (1 - 0.4 * bad)),
      counter("websocket.server.messages", { ...io, direction: "out" }, 980 * share * noise * (1 - 0.5 * bad)),
      counter("websocket.server.io", { ...io, direction: "in" }, 14_000 * share * noise),
      counter("websocket.server.io", { ...io, direction: "out" }, 120_000 * share * noise),
      counter("websocket.server.errors", { "error.type": "SearchUnavailable" }, 0.5 * share + 4 * bad),
      spread("websocket.server.message.latency", { source: "ack" }, 0.009 * (1 + 11 * bad), 40),
      spread("nodejs.eventloop.lag", {}, 0.002 * (1 + 25 * bad), 40),
      spread("websocket.server.rtt", { ...io, source: "ping" }, 0.018 * (1 + 2 * bad), 10),
    ];
  });
}

/** Comes within two minutes, goes within five, and is not the same all the while: 0 to 1. */
function howBad(minutes) {
  if (minutes < 0 || minutes > 15) return 0;
  return (
    Math.min(1, minutes / 2, (15 - minutes) / 5) * (0.85 + 0.15 * Math.sin(minutes * 1.1) * Math.cos(minutes * 0.37))
  );
}

function sample(node, at, intervalMs, name, labels, figures) {
  const metric = findMetric(name);
  if (metric === undefined) throw new Error(`expected a metric of the catalogue, got ${name}`);
  return { node, at, intervalMs, series: { metric, labels }, ...figures };
}

function event(kind, node, at, text) {
  return { at, kind, node, subject: node, text, attributes: {} };
}

function range(at, stepMs, length) {
  return Array.from({ length }, (_, i) => at + i * stepMs);
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number of the standard normal distribution (Box and Muller). */
function gaussian(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
