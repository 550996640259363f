import { createLibsqlStore, type Sample } from "@wsight/hub";
import { findMetric, Histogram, type Labels, type Series } from "@wsight/protocol";

const MINUTE_MS = 60_000;
/** Node whose past it is. */
const NODE = "shop/web-1";
/** One that tells what it uses in the hour alone, and nobody knows of today. */
const GONE = "shop/gone-1";
/** Closes of each second of the hour, by reason. */
const CLOSES = { "1000": 2, "1006": 1 } as const;

/** A past that a test knows: a day by the minute, and in it an hour by the second, of which two minutes are missing. */
export interface SeededHistory {
  /** The hour, ms epoch, on whole minutes. */
  readonly fromAt: number;
  readonly toAt: number;
  /** The minutes in it that are missing. */
  readonly gapFromAt: number;
  readonly gapToAt: number;
  /** When a process began, within the hour. */
  readonly startedAt: number;
  /** Connections open in the minute that begins at `at`: the same all through it. */
  connections(at: number): number;
  /** Messages in, and out, each second of the minute that begins at `at`. */
  messages(at: number): number;
}

/** The past that ends `agoMs` before now. */
export function planHistory(now: number, agoMs: number): SeededHistory {
  const toAt = Math.floor((now - agoMs) / MINUTE_MS) * MINUTE_MS;
  const fromAt = toAt - 60 * MINUTE_MS;
  const minute = (at: number) => Math.floor((at - fromAt) / MINUTE_MS);
  return {
    fromAt,
    toAt,
    gapFromAt: fromAt + 20 * MINUTE_MS,
    gapToAt: fromAt + 22 * MINUTE_MS,
    startedAt: fromAt + 30 * MINUTE_MS,
    connections: (at) => 300 + (((minute(at) % 60) + 60) % 60),
    messages: (at) => 40 + (((minute(at) % 10) + 10) % 10),
  };
}

/** Writes it into the store of a data directory. */
export async function writeHistory(dataDir: string, plan: SeededHistory, now: number): Promise<void> {
  const store = await createLibsqlStore({ dataDir });
  const minutes = Array.from({ length: 23 * 60 }, (_, i) => plan.toAt + (i - 12 * 60) * MINUTE_MS);
  const around = minutes.filter((at) => at < now - 5 * MINUTE_MS && (at < plan.fromAt || at >= plan.toAt));
  await store.append(around.flatMap((at) => samplesAt(plan, at, MINUTE_MS)));
  for (let at = plan.fromAt; at < plan.toAt; at += MINUTE_MS) {
    if (at >= plan.gapFromAt && at < plan.gapToAt) continue;
    const seconds = Array.from({ length: 60 }, (_, i) => at + i * 1000);
    await store.append(seconds.flatMap((second) => [...samplesAt(plan, second, 1000), ...extrasAt(second)]));
  }
  await store.appendEvents([
    { at: plan.startedAt, kind: "node.started", node: NODE, subject: "", text: "pid 42", attributes: {} },
  ]);
  await store.close();
}

function series(metric: string, labels: Labels): Series {
  const definition = findMetric(metric);
  if (definition === undefined) throw new Error(`expected a metric of the catalogue, got ${metric}`);
  return { metric: definition, labels };
}

/** What there is in the hour alone. */
function extrasAt(at: number): readonly Sample[] {
  const head = { at, intervalMs: 1000 as const, count: 1 };
  const attributes = { "ws.library": "ws" };
  const even = (value: number) => ({ min: value, max: value, sum: value, last: value });
  return [
    { ...head, node: GONE, series: series("process.memory.usage", {}), ...even(64e6) },
    ...Object.entries(CLOSES).map(([reason, closes]) => ({
      ...head,
      node: NODE,
      series: series("websocket.server.closes", { ...attributes, reason }),
      ...even(closes),
    })),
    {
      ...head,
      node: NODE,
      series: series("websocket.server.errors", { "error.type": "BadMessage" }),
      ...even(1),
    },
  ];
}

function samplesAt(plan: SeededHistory, at: number, intervalMs: 1000 | 60_000): readonly Sample[] {
  const seconds = intervalMs / 1000;
  const connections = plan.connections(at);
  const each = plan.messages(at);
  const head = { node: NODE, at, intervalMs };
  const attributes = { "ws.library": "ws" };
  const latency = new Histogram();
  latency.record(0.02);
  return [
    {
      ...head,
      series: series("websocket.server.active_connections", attributes),
      min: connections,
      max: connections,
      sum: connections * seconds,
      count: seconds,
      last: connections,
    },
    ...["in", "out"].map((direction) => ({
      ...head,
      series: series("websocket.server.messages", { ...attributes, direction }),
      min: each,
      max: each,
      sum: each * seconds,
      count: seconds,
      last: each * seconds,
    })),
    {
      ...head,
      series: series("websocket.server.message.latency", { source: "handler" }),
      min: 0.02,
      max: 0.02,
      sum: 0.02,
      count: 1,
      last: 0.02,
      histogram: latency.encode(),
    },
  ];
}
