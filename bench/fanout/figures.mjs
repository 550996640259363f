// 200 metrics of a busy application, each second another value: as a probe
// tells them, as a viewer asks for them, and as plain numbers for the peers.
import { encodeLinkText, encodeTick, findMetric, Histogram, SnapshotEncoder } from "@wsight/protocol";

const WS = { "ws.library": "ws", "ws.server": "main" };
const KINDS = 50;

/** One line for each: where it is from, what is asked of it, and how it grows in a second. */
const LINES = Array.from({ length: KINDS }, (_, i) => i).flatMap((i) => {
  const event = `event-${i}`;
  const busy = 2000 / (i + 1);
  return [
    {
      series: ["websocket.server.messages", { ...WS, direction: "in", kind: "event", event }],
      agg: "rate",
      where: { direction: "in", event },
      scale: 100,
      next: () => noise(busy),
    },
    {
      series: ["websocket.server.messages", { ...WS, direction: "out", kind: "event", event }],
      agg: "rate",
      where: { direction: "out", event },
      scale: 100,
      next: () => noise(busy * 5),
    },
    {
      series: ["websocket.server.handler.duration", { ...WS, event }],
      agg: "p95",
      where: { event },
      scale: 1e6,
      next: () => 0.0002 * (1 + i / 10) * (0.9 + Math.random() / 5),
    },
    {
      series: ["socketio.namespace.sockets", { "ws.server": "main", namespace: `/n${i}` }],
      agg: "last",
      where: { namespace: `/n${i}` },
      scale: 100,
      next: () => noise(200),
    },
  ];
});

export const METRICS = LINES.length;

/** What a viewer subscribes to. */
export const SELECTORS = LINES.map(({ series: [metric], agg, where }) => ({ metric, agg, where }));

function noise(mean) {
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * 2 * (Math.random() - 0.5)));
}

/** A probe of these metrics: what it says first, and each second. */
export function createFedProbe() {
  const epoch = 7;
  const names = LINES.map(({ series: [name, labels] }, id) => ({
    id,
    series: { metric: findMetric(name), labels },
  }));
  const hello = { version: 1, service: "bench", instance: "a", epoch, startedAt: Date.now(), pid: 1, host: "h" };
  const values = LINES.map(({ agg }) => (agg === "p95" ? new Histogram() : 0));
  let seq = 0;
  return {
    greeting: [
      encodeLinkText({ type: "hello", ...hello, runtime: "r", intervalMs: 1000, findings: [], capacity: null }),
      encodeLinkText({ type: "names", epoch, names, retired: [] }),
    ],
    snapshot() {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      LINES.forEach(({ agg, next }, id) => {
        if (agg === "rate") {
          values[id] += next();
          encoder.counter(id, values[id]);
        } else if (agg === "last") encoder.gauge(id, next());
        else {
          for (let i = 0; i < 20; i++) values[id].record(next());
          encoder.histogram(id, values[id]);
        }
      });
      return encoder.finish({ epoch, seq: ++seq, at: Date.now(), keyframe: seq === 1 });
    },
  };
}

/** The same as messages of the peers: as few bytes as wsight sends, and as JSON objects. */
export function createPeerFigures() {
  let seq = 0;
  let values = new Float64Array(METRICS);
  return {
    bytes(at) {
      const previous = seq === 0 ? null : values;
      values = Float64Array.from(LINES, ({ next, scale }) => Math.round(next() * scale));
      return Buffer.from(encodeTick({ channel: 1, seq: ++seq, at, values }, previous));
    },
    object: (at) => ({ at, metrics: Object.fromEntries(LINES.map(({ next }, i) => [`m${i}`, next()])) }),
    /** JSON of 2,000 bytes. */
    json(at) {
      const metrics = {};
      for (let i = 0; JSON.stringify({ at, metrics }).length < 1985; i++) metrics[`m${i}`] = LINES[i % METRICS].next();
      return JSON.stringify({ at, metrics });
    },
  };
}
