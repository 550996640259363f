import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLibsqlStore, type LibsqlStore, parseHours, readHistory, type Sample } from "@wsight/hub";
import { Histogram, type Labels, parseMetric } from "@wsight/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const INTERVAL_MS = 5 * MINUTE_MS;
/** A multiple of the interval, and a little later. */
const ALIGNED_AT = 1_792_000_200_000;
const NOW = ALIGNED_AT + 2 * MINUTE_MS;

let dataDir = "";
let store: LibsqlStore;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "wsight-history-"));
  store = await createLibsqlStore({ dataDir });
});
afterEach(() => store.prune(Number.MAX_SAFE_INTEGER));
afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

type Fields = Partial<Sample> & { readonly labels?: Labels };

function sample(metric: string, at: number, { labels = {}, ...fields }: Fields): Sample {
  const value = fields.sum ?? fields.last ?? 0;
  const plain = { min: value, max: value, sum: value, count: 1, last: value, intervalMs: INTERVAL_MS };
  return { node: "chat/1", series: { metric: parseMetric(metric), labels }, at, ...plain, ...fields };
}

function latency(at: number, values: readonly number[], fields: Fields = {}): Sample {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  const { sum, count, min, max } = histogram;
  return sample("websocket.server.message.latency", at, {
    sum,
    count,
    min,
    max,
    histogram: histogram.encode(),
    ...fields,
  });
}

const read = (hours = 24, more: { node?: string; now?: number; signal?: AbortSignal } = {}) =>
  readHistory({ store, hours, now: NOW, ...more });

describe("history", () => {
  it("answers an empty store with no points at all", async () => {
    expect(await read(7)).toEqual({ hours: 7, interval_minutes: 5, data_points: 0, data: [] });
  });

  it("makes a point of the contract's shape from one interval", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      sample("websocket.server.active_connections", at, { last: 7, min: 3, max: 9 }),
      sample("websocket.server.connections", at, { sum: 4 }),
      sample("websocket.server.closes", at, { sum: 2, labels: { reason: "1000" } }),
      sample("websocket.server.closes", at, { sum: 1, labels: { reason: "1006" } }),
      sample("websocket.server.messages", at, { sum: 600, labels: { direction: "in", event: "chat" } }),
      sample("websocket.server.messages", at, { sum: 900, labels: { direction: "out", event: "chat" } }),
      sample("websocket.server.errors", at, { sum: 10, labels: { "error.type": "TypeError" } }),
      sample("websocket.server.errors", at, { sum: 0, labels: { "error.type": "RangeError" } }),
      latency(at, [0.01, 0.02, 0.03]),
      sample("process.uptime", at, { last: 3_600 }),
    ]);
    expect(await read(1)).toEqual({
      hours: 1,
      interval_minutes: 5,
      data_points: 1,
      data: [
        {
          timestamp: new Date(at).toISOString(),
          uptime_seconds: 3_600,
          connections: { total: 7, by_user: {}, by_channel: {}, created: 4, closed: 3 },
          messages: {
            rate_1m: 5,
            rate_5m: 5,
            rate_15m: 5,
            latency: {
              p50: expect.closeTo(20, 0),
              p95: expect.closeTo(30, 0),
              p99: expect.closeTo(30, 0),
              avg: 20,
              min: 10,
              max: 30,
              count: 3,
            },
          },
          errors: { total: 10, by_type: { TypeError: 10 }, rate: 2, recent: [] },
          connection_duration: { avg: null, median: null, min: null, max: null },
        },
      ],
    });
  });

  it("leaves intervals without data out, however long, and gives the rest in order", async () => {
    const ages = [3, 4, 20, 200, 287];
    await store.append(
      ages.map((age) => sample("websocket.server.connections", ALIGNED_AT - age * INTERVAL_MS, { sum: age })),
    );
    const { data, data_points } = await read();
    expect(data_points).toBe(5);
    expect(data.map(({ timestamp }) => (ALIGNED_AT - Date.parse(timestamp)) / INTERVAL_MS)).toEqual(ages.toReversed());
    expect(data.map(({ connections }) => connections.created)).toEqual(ages.toReversed());
  });

  it("holds the intervals that began within the hours, the one that is going on included", async () => {
    const count = 26 * 12;
    await store.append(
      Array.from({ length: count }, (_, i) =>
        sample("websocket.server.connections", ALIGNED_AT - i * INTERVAL_MS, { sum: 1 }),
      ),
    );
    const { data } = await read(24);
    expect(data).toHaveLength(288);
    expect(data[0]?.timestamp).toBe(new Date(ALIGNED_AT - 287 * INTERVAL_MS).toISOString());
    expect(data.at(-1)?.timestamp).toBe(new Date(ALIGNED_AT).toISOString());
    expect((await read(1)).data).toHaveLength(12);
    expect((await read(1, { now: ALIGNED_AT })).data).toHaveLength(13);
  });

  it("merges distributions of nodes and parts of an interval, and never averages percentiles", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      latency(at, Array(98).fill(0.001)),
      latency(at + 100_000, [2], { intervalMs: 200_000 }),
      latency(at, [4], { node: "chat/2" }),
    ]);
    const [point] = (await read()).data;
    expect(point?.messages.latency).toMatchObject({ p50: 1.0088, p95: 1.0088, max: 4_000, count: 100 });
    expect(point?.messages.latency.p99).toBeGreaterThan(1_970);
    expect(point?.messages.latency.p99).toBeLessThan(2_030);
  });

  it("prefers the latency that the application reported, as the current summary does", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      latency(at, [9], { labels: { source: "handler" } }),
      latency(at, [0.5], { labels: { source: "app" } }),
    ]);
    expect((await read()).data[0]?.messages.latency).toMatchObject({ count: 1, max: 500 });
  });

  it("adds up the nodes, or shows the one that is asked for", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      sample("websocket.server.connections", at, { sum: 3 }),
      sample("websocket.server.connections", at, { sum: 4, node: "chat/2" }),
    ]);
    expect((await read()).data[0]?.connections.created).toBe(7);
    expect((await read(24, { node: "chat/2" })).data[0]?.connections.created).toBe(4);
    expect((await read(24, { node: "chat/3" })).data).toEqual([]);
  });

  it("does not count open connections of a process that was gone when the interval ended", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      sample("websocket.server.active_connections", at, { last: 100, node: "chat/old", intervalMs: 120_000 }),
      sample("websocket.server.active_connections", at, { last: 90, node: "chat/new" }),
    ]);
    expect((await read()).data[0]?.connections.total).toBe(90);
  });

  // The last sample of a hub that was killed and the first of the next lay within the same seconds: doubled.
  it("counts an open connection once when two hubs wrote of it in one interval", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    const of = (from: number, intervalMs: number, last: number) =>
      sample("websocket.server.active_connections", at + from, { last, intervalMs });
    await store.append([of(0, INTERVAL_MS - 5_000, 100), of(INTERVAL_MS - 5_000, 5_000, 90)]);
    expect((await read()).data[0]?.connections.total).toBe(90);
  });

  it("divides by the time that was measured, not by the length of the interval", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      sample("websocket.server.messages", at, { sum: 60, intervalMs: 30_000 }),
      sample("websocket.server.messages", at + 10_000, { sum: 60, intervalMs: 30_000, node: "chat/2" }),
      sample("websocket.server.messages", at + 200_000, { sum: 90, intervalMs: 30_000 }),
    ]);
    expect((await read()).data[0]?.messages).toMatchObject({ rate_1m: 3, rate_5m: 3 });
  });

  it("takes the 15-minute rate from the intervals before, also at the start of what is shown", async () => {
    const sums = [300, 600, 900, 1_200];
    await store.append(
      sums.map((sum, i) => sample("websocket.server.messages", ALIGNED_AT - HOUR_MS + (i - 1) * INTERVAL_MS, { sum })),
    );
    const { data } = await read(1);
    expect(data.map(({ messages }) => [messages.rate_5m, messages.rate_15m])).toEqual([
      [3, 2],
      [4, 3],
    ]);
  });

  it("leaves a damaged distribution out and shows the rest", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    await store.append([
      latency(at, [1], { histogram: Uint8Array.of(9, 9, 9) }),
      latency(at, [2], { node: "chat/2" }),
      sample("websocket.server.connections", at, { sum: 3 }),
    ]);
    const [point] = (await read()).data;
    expect(point?.messages.latency.count).toBe(1);
    expect(point?.connections.created).toBe(3);
  });

  it("gives up when its reader leaves", async () => {
    const controller = new AbortController();
    const reading = read(168, { signal: controller.signal });
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
  });

  it.each([
    [null, 24],
    ["1", 1],
    ["24", 24],
    ["168", 168],
  ])("takes hours=%s as %d", (text, hours) => {
    expect(parseHours(text)).toBe(hours);
  });

  it.each(["0", "169", "-1", "1.5", "24h", "", " 24", "1e2", "NaN", "9".repeat(400)])(
    "refuses hours=%j and says what it takes",
    (text) => {
      expect(() => parseHours(text)).toThrow(
        expect.objectContaining({
          code: "BAD_REQUEST",
          status: 400,
          message: expect.stringMatching(/^hours: expected a whole number from 1 to 168, got /),
          details: { expected: "a whole number from 1 to 168", got: text.slice(0, 60) },
        }),
      );
    },
  );
});
