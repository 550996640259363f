import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@wsight/hub";
import { findPrometheus, startPrometheus, until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Monitor, monitor } from "wsight";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";
/** Latencies that the application reports again and again, ms. */
const LATENCIES = [3, 7, 15, 33, 70, 150, 400];
const LATENCY = "websocket_server_message_latency_seconds";
/** Families of which both must know the same series. */
const FAMILIES = '{__name__=~"(websocket|process|nodejs|v8js|system)_.+"}';

/** An application with five clients that each say something twenty times a second. */
async function startApplication(): Promise<Monitor> {
  const data = await mkdtemp(join(tmpdir(), "wsight-prometheus-"));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const server = createServer();
  const wss = new WebSocketServer({ server });
  wss.on("connection", (ws) => ws.on("message", (text) => ws.send(text)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const watched = await monitor(
    { wss, server },
    { port: 0, data, quiet: true, secret: SECRET, service: "shop", instance: "1" },
  );
  onTestFinished(() => watched.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = await Promise.all(Array.from({ length: 5 }, () => openClient(url)));
  const beat = setInterval(() => {
    for (const client of clients) client.send("hello");
    for (const latencyMs of LATENCIES) watched.probe.trackMessageSent("order", latencyMs);
  }, 50);
  onTestFinished(() => clearInterval(beat));
  return watched;
}

async function openClient(url: string): Promise<WebSocket> {
  const client = new WebSocket(url);
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

type Labels = Readonly<Record<string, string>>;
type Answer = ReadonlyMap<string, readonly (readonly [at: number, value: number])[]>;
type Ask = (path: string, fields: Record<string, string>) => Promise<Record<string, unknown>>;

function createAsk(url: string, headers: Record<string, string> = {}): Ask {
  return async (path, fields) => {
    const answer = await fetch(`${url}/api/v1/${path}`, { method: "POST", headers, body: new URLSearchParams(fields) });
    const body = (await answer.json()) as Record<string, unknown>;
    if (body.status !== "success") throw new Error(`${path} ${JSON.stringify(fields)}: ${JSON.stringify(body)}`);
    return body;
  };
}

/** What names a series, without what a Prometheus adds of its own. */
function keyOf({ job: _job, instance: _instance, ...labels }: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function overTime(ask: Ask, query: string, start: number, end: number): Promise<Answer> {
  const { data } = await ask("query_range", { query, start: String(start), end: String(end), step: "1" });
  const { result } = data as { result: readonly { metric: Labels; values: readonly [number, string][] }[] };
  return new Map(
    result.map(({ metric, values }) => [keyOf(metric), values.map(([at, value]) => [at, Number(value)] as const)]),
  );
}

describe.skipIf(findPrometheus() === null)("a Prometheus that scrapes an application and its hub's own answers", () => {
  test("agree: within 5 % for rates and percentiles, exactly for what stays", { timeout: 120_000 }, async () => {
    const url = (await startApplication()).url ?? "";
    const token = await signToken({ sub: "prometheus", role: "viewer", ttlMs: 600_000 }, SECRET);
    const prometheus = await startPrometheus({ target: new URL(url).host, token });
    onTestFinished(() => prometheus.stop());
    const ours = createAsk(new URL("/prometheus", url).href, { authorization: `Bearer ${token}` });
    const theirs = createAsk(prometheus.url);
    const enough = async (): Promise<boolean> => {
      const counts = await prometheus.query(`count_over_time(process_uptime_seconds[1m])`);
      return (counts[0]?.value ?? 0) >= 32;
    };
    await until(enough, { timeoutMs: 60_000, what: "half a minute of scrapes" });

    const end = Math.floor(Date.now() / 1000) - 3;
    const start = end - 6;
    for (const [query, tolerance] of [
      ["sum(websocket_server_active_connections)", 0],
      ["sum by (service, node) (websocket_server_connections_total)", 0],
      ["system_memory_limit_bytes", 0],
      ["sum by (direction) (rate(websocket_server_messages_total[20s]))", 0.05],
      ["sum by (direction) (increase(websocket_server_io_bytes_total[20s]))", 0.05],
      [`rate(${LATENCY}_count{source="app"}[20s])`, 0.05],
      [`rate(${LATENCY}_sum{source="app"}[20s]) / rate(${LATENCY}_count{source="app"}[20s])`, 0.001],
      [`histogram_quantile(0.5, sum by (le) (rate(${LATENCY}_bucket{source="app"}[20s])))`, 0.05],
      [`histogram_quantile(0.99, rate(${LATENCY}_bucket{source="app"}[20s]))`, 0.05],
      ["vector(7) * 6", 0],
    ] as const) {
      const [mine, other] = await Promise.all([overTime(ours, query, start, end), overTime(theirs, query, start, end)]);
      expect([...mine.keys()].sort(), query).toEqual([...other.keys()].sort());
      expect(mine.size, query).toBeGreaterThan(0);
      for (const [key, points] of other) {
        expect(mine.get(key)?.map(([at]) => at)).toEqual(points.map(([at]) => at));
        for (const [i, [at, value]] of points.entries()) {
          const off = Math.abs((mine.get(key)?.[i]?.[1] ?? Number.NaN) - value) / Math.max(Math.abs(value), 1e-9);
          expect(off, `${query} ${key} at ${at}: Prometheus has ${value}`).toBeLessThanOrEqual(tolerance);
        }
      }
    }

    // Names and labels; a distribution that has never recorded anything is no history.
    const time = { start: String(start), end: String(end + 3), "match[]": FAMILIES };
    const [known, scraped] = await Promise.all(
      [ours, theirs].map(async (ask) => (await ask("series", time)).data as readonly Labels[]),
    );
    const isPlain = ({ __name__: name = "" }: Labels): boolean => !/_(bucket|sum|count|seconds|bytes)$/.test(name);
    const plain = (all: readonly Labels[] = []): readonly string[] => all.filter(isPlain).map(keyOf).sort();
    expect(plain(known)).toEqual(plain(scraped));
    const buckets = (all: readonly Labels[] = []): readonly string[] =>
      all
        .filter(({ __name__: name, source }) => name === `${LATENCY}_bucket` && source === "app")
        .map(keyOf)
        .sort();
    expect(buckets(known)).toEqual(buckets(scraped));
    expect(buckets(known)).toHaveLength(21);
  });
});
