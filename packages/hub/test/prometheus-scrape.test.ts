import { type Hub, signToken } from "@wsight/hub";
import { encodeLinkText, findMetric, Histogram, type Labels, SnapshotEncoder } from "@wsight/protocol";
import { findPrometheus, type PrometheusServer, startPrometheus, until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, bearer, SECRET, startHub } from "./harness.ts";

const RTT: Labels = { "ws.library": "ws", "ws.server": "main", source: "ping" };

/** A process that reports once a second: connections, what they opened, and round trips. */
class Reporter {
  readonly #link: ReturnType<Hub["openLink"]>;
  readonly #histogram = new Histogram();
  #seq = 0;

  constructor(hub: Hub, instance: string) {
    this.#link = hub.openLink(() => {});
    const series = [
      ["websocket.server.active_connections", { "ws.library": "ws", "ws.server": "main" }],
      ["websocket.server.connections", { "ws.library": "ws", "ws.server": "main" }],
      ["websocket.server.rtt", RTT],
    ] as const;
    const names = series.map(([name, labels], id) => {
      const metric = findMetric(name);
      if (metric === undefined) throw new Error(name);
      return { id, series: { metric, labels } };
    });
    this.#link.receive(
      encodeLinkText({
        type: "hello",
        version: 1,
        service: "chat",
        instance,
        epoch: 1,
        startedAt: Date.now(),
        pid: 1,
        host: "h",
        runtime: "r",
        intervalMs: 1000,
        findings: [],
        capacity: null,
      }),
    );
    this.#link.receive(encodeLinkText({ type: "names", epoch: 1, names, retired: [] }));
  }

  say(open: number, opened: number, rtts: readonly number[]): void {
    for (const rtt of rtts) this.#histogram.record(rtt);
    const encoder = new SnapshotEncoder();
    encoder.begin();
    encoder.gauge(0, open);
    encoder.counter(1, opened);
    encoder.histogram(2, this.#histogram);
    const keyframe = this.#seq === 0;
    this.#link.receive(encoder.finish({ epoch: 1, seq: ++this.#seq, at: Date.now(), keyframe }));
  }

  close(): void {
    this.#link.receive(encodeLinkText({ type: "bye", epoch: 1 }));
    this.#link.close();
  }
}

async function scrape(hub: Hub, features: readonly string[] = []): Promise<PrometheusServer> {
  const token = await signToken({ sub: "prometheus", role: "viewer", ttlMs: 600_000 }, SECRET);
  const server = await startPrometheus({ target: `${hub.host}:${hub.port}`, token, features });
  onTestFinished(() => server.stop());
  return server;
}

/** The one value of an answer, once there is one that `fits`. */
async function figureOf(server: PrometheusServer, query: string, fits: (value: number) => boolean): Promise<number> {
  return until(
    async () => {
      const answer = await server.query(query);
      const value = answer[0]?.value;
      return answer.length === 1 && value !== undefined && fits(value) ? value : undefined;
    },
    { timeoutMs: 15_000, what: query },
  );
}

const ROUND_TRIPS = Array.from({ length: 1000 }, (_, i) => 0.001 * 1.005 ** i);

describe.skipIf(findPrometheus() === null)("a real Prometheus (needs prometheus)", () => {
  it("takes OpenMetrics, agrees with the hub, and sees processes go", async () => {
    const hub = await startHub();
    const [one, other] = [new Reporter(hub, "a"), new Reporter(hub, "b")];
    one.say(30, 50, ROUND_TRIPS);
    other.say(12, 20, []);
    const beat = setInterval(() => one.say(30, 50, []), 500);
    onTestFinished(() => clearInterval(beat));
    const server = await scrape(hub);
    expect(await figureOf(server, "sum(websocket_server_active_connections)", (value) => value > 0)).toBe(42);
    expect(await server.lastScrapeError()).toBe("");
    const { json } = await ask(hub, "/api/websocket/metrics/", { headers: await bearer() });
    expect(json.connections).toMatchObject({ total: 42 });
    expect(await figureOf(server, "sum by (service) (websocket_server_connections_total)", Number.isFinite)).toBe(70);
    expect(await figureOf(server, 'websocket_server_rtt_seconds_count{node="chat/a"}', Number.isFinite)).toBe(1000);
    const known = ROUND_TRIPS.filter((value) => value <= 0.0625).length;
    expect(
      await figureOf(server, 'websocket_server_rtt_seconds_bucket{node="chat/a",le="0.0625"}', Number.isFinite),
    ).toBe(known);
    const labels = (await server.query('websocket_server_rtt_seconds_sum{node="chat/a"}'))[0]?.labels;
    expect(labels).toMatchObject({ service: "chat", ws_library: "ws", ws_server: "main", source: "ping" });
    other.close();
    expect(await figureOf(server, "sum(websocket_server_active_connections)", (value) => value !== 42)).toBe(30);
  });

  it("takes native histograms, whose percentiles are those of the hub", async () => {
    const hub = await startHub();
    const reporter = new Reporter(hub, "a");
    reporter.say(1, 1, []);
    const server = await scrape(hub, ["native-histograms"]);
    await figureOf(server, "websocket_server_active_connections", Number.isFinite);
    expect(await server.lastScrapeError()).toBe("");
    reporter.say(1, 1, ROUND_TRIPS);
    const name = "websocket_server_rtt_seconds";
    expect(await figureOf(server, `histogram_count(${name})`, (value) => value > 0)).toBe(1000);
    const sum = ROUND_TRIPS.reduce((total, value) => total + value);
    expect(await figureOf(server, `histogram_sum(${name})`, Number.isFinite)).toBeCloseTo(sum, 6);
    const expected = new Histogram();
    for (const value of ROUND_TRIPS) expected.record(value);
    for (const q of [0.5, 0.9, 0.99]) {
      const told = await figureOf(server, `histogram_quantile(${q}, ${name})`, Number.isFinite);
      const own = expected.quantile(q) ?? Number.NaN;
      // Both are within one bucket, 2^(1/32) wide, of the truth.
      expect(Math.abs(told / own - 1)).toBeLessThan(2 ** (1 / 32) - 1);
    }
    expect(await server.query(`${name}_bucket`)).toEqual([]);
  });
});
