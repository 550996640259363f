import { ANALYSES, type HistoryRequest, parseHours, readHistory } from "@wsight/hub";
import type { Labels } from "@wsight/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { MemoryReader } from "./memory-reader.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const INTERVAL_MS = 300_000;
/** A multiple of the interval, and a little later. */
const ALIGNED_AT = 1_792_000_200_000;
const NOW = ALIGNED_AT + 2 * MINUTE_MS;

let reader: MemoryReader;
beforeEach(() => {
  reader = new MemoryReader();
});

/** Asks the analyses themselves, as a store does. */
const store: HistoryRequest["store"] = {
  ask: (analysis, argument, options) =>
    ANALYSES[analysis](reader, argument, options?.signal ?? new AbortController().signal),
};

/** Figures of five minutes, as they are rolled up: `seconds` of them with data. */
interface Five {
  readonly sum?: number;
  readonly last?: number;
  readonly seconds?: number;
  readonly labels?: Labels;
  readonly node?: string;
}

function five(
  metric: string,
  at: number,
  { sum = 0, last = 0, seconds = 300, labels = {}, node = "chat/1" }: Five,
): void {
  const value = sum === 0 ? last : sum;
  reader.put(node, metric, labels, INTERVAL_MS, { at, min: value, max: value, sum, count: seconds, last });
}

/** A process is known for the seconds from a time on. */
function up(at: number, seconds = 300, node = "chat/1", uptime = 60): void {
  for (let i = 0; i < seconds; i++) reader.gauge(node, "process.uptime", {}, at + i * SECOND_MS, uptime + i);
}

function latency(at: number, values: readonly number[], source = "ack", node = "chat/1"): void {
  reader.values(node, "websocket.server.message.latency", { source }, at, values, INTERVAL_MS);
}

const read = (hours = 24, more: { node?: string; now?: number; signal?: AbortSignal } = {}) =>
  readHistory({ store, hours, now: NOW, ...more });

describe("history", () => {
  it("answers an empty store with no points at all", async () => {
    expect(await read(7)).toEqual({ hours: 7, interval_minutes: 5, data_points: 0, data: [] });
  });

  it("makes a point of the contract's shape from one interval", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    five("websocket.server.active_connections", at, { last: 7 });
    five("websocket.server.connections", at, { sum: 4 });
    five("websocket.server.closes", at, { sum: 2, labels: { reason: "1000" } });
    five("websocket.server.closes", at, { sum: 1, labels: { reason: "1006" } });
    five("websocket.server.messages", at, { sum: 600, labels: { direction: "in", event: "chat" } });
    five("websocket.server.messages", at, { sum: 900, labels: { direction: "out", event: "chat" } });
    five("websocket.server.errors", at, { sum: 10, labels: { "error.type": "TypeError" } });
    five("websocket.server.errors", at, { sum: 0, labels: { "error.type": "RangeError" } });
    latency(at, [0.01, 0.02, 0.03]);
    five("process.uptime", at, { last: 3_600 });
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
    for (const age of ages) five("websocket.server.connections", ALIGNED_AT - age * INTERVAL_MS, { sum: age });
    const { data, data_points } = await read();
    expect(data_points).toBe(5);
    expect(data.map(({ timestamp }) => (ALIGNED_AT - Date.parse(timestamp)) / INTERVAL_MS)).toEqual(ages.toReversed());
    expect(data.map(({ connections }) => connections.created)).toEqual(ages.toReversed());
  });

  it("holds the intervals that began within the hours, the one that is going on included", async () => {
    for (let i = 0; i < 26 * 12; i++) five("websocket.server.connections", ALIGNED_AT - i * INTERVAL_MS, { sum: 1 });
    const { data } = await read(24);
    expect(data).toHaveLength(288);
    expect(data[0]?.timestamp).toBe(new Date(ALIGNED_AT - 287 * INTERVAL_MS).toISOString());
    expect(data.at(-1)?.timestamp).toBe(new Date(ALIGNED_AT).toISOString());
    expect((await read(1)).data).toHaveLength(12);
    expect((await read(1, { now: ALIGNED_AT })).data).toHaveLength(13);
  });

  it("merges distributions of nodes, and never averages percentiles", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    latency(at, Array(98).fill(0.001));
    latency(at, [2], "handler");
    latency(at, [4], "ack", "chat/2");
    const [point] = (await read()).data;
    expect(point?.messages.latency).toMatchObject({ p50: 1.0088, p95: 1.0088, max: 4_000, count: 100 });
    expect(point?.messages.latency.p99).toBeGreaterThan(1_970);
    expect(point?.messages.latency.p99).toBeLessThan(2_030);
  });

  it("prefers the latency that the application reported, as the current summary does", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    latency(at, [9], "handler");
    latency(at, [0.5], "app");
    expect((await read()).data[0]?.messages.latency).toMatchObject({ count: 1, max: 500 });
  });

  it("adds up the nodes, or shows the one that is asked for", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    five("websocket.server.connections", at, { sum: 3 });
    five("websocket.server.connections", at, { sum: 4, node: "chat/2" });
    expect((await read()).data[0]?.connections.created).toBe(7);
    expect((await read(24, { node: "chat/2" })).data[0]?.connections.created).toBe(4);
    expect((await read(24, { node: "chat/3" })).data).toEqual([]);
  });

  it("does not count open connections of a process that was gone when the interval ended", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    up(at, 120, "chat/old");
    up(at + 120 * SECOND_MS, 180, "chat/new");
    for (let i = 0; i < 300; i++) {
      const [node, value] = i < 120 ? ["chat/old", 100] : ["chat/new", 90];
      reader.gauge(node as string, "websocket.server.active_connections", {}, at + i * SECOND_MS, value as number);
    }
    expect((await read()).data[0]?.connections.total).toBe(90);
  });

  it("divides by the time that was measured, not by the length of the interval", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    for (const node of ["chat/1", "chat/2"]) {
      up(at, 60, node);
      for (let i = 0; i < 60; i++) reader.counter(node, "websocket.server.messages", {}, at + i * SECOND_MS, 3);
    }
    expect((await read()).data[0]?.messages).toMatchObject({ rate_1m: 6, rate_5m: 6 });
  });

  it("takes the 15-minute rate from the intervals before, also at the start of what is shown", async () => {
    for (const [i, sum] of [300, 600, 900, 1_200].entries())
      five("websocket.server.messages", ALIGNED_AT - HOUR_MS + (i - 1) * INTERVAL_MS, { sum });
    const { data } = await read(1);
    expect(data.map(({ messages }) => [messages.rate_5m, messages.rate_15m])).toEqual([
      [3, 2],
      [4, 3],
    ]);
  });

  it("leaves a damaged distribution out and shows the rest", async () => {
    const at = ALIGNED_AT - INTERVAL_MS;
    const cell = { at, min: 1, max: 1, sum: 1, count: 1, last: 1, histogram: Uint8Array.of(9, 9, 9) };
    reader.put("chat/1", "websocket.server.message.latency", { source: "ack" }, INTERVAL_MS, cell);
    five("websocket.server.connections", at, { sum: 3 });
    latency(at, [2], "ack", "chat/2");
    const [point] = (await read()).data;
    expect(point?.messages.latency.count).toBe(1);
    expect(point?.connections.created).toBe(3);
  });

  it("gives up when its reader leaves", async () => {
    up(ALIGNED_AT - INTERVAL_MS);
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
