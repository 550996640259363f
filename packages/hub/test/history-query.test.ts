import { ANALYSES } from "@wsight/hub";
import type { HistoryAnswer, HistoryQuery, HistorySelector, Labels, TierStep } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryReader } from "./memory-reader.ts";

const S = 1_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
/** A full hour. */
const T0 = 1_792_000_800_000;

const MESSAGES = "websocket.server.messages";
const ACTIVE = "websocket.server.active_connections";
const LATENCY = "websocket.server.message.latency";
const UPTIME = "process.uptime";
const DISK = "system.disk.io";

const never = new AbortController().signal;

function ask(
  reader: MemoryReader,
  selectors: readonly HistorySelector[],
  range: Omit<HistoryQuery, "selectors">,
): Promise<HistoryAnswer> {
  return ANALYSES.query(reader, { ...range, selectors }, never);
}

async function line(reader: MemoryReader, selector: HistorySelector, range: Omit<HistoryQuery, "selectors">) {
  const { results } = await ask(reader, [selector], range);
  return results[0]?.lines[0];
}

/** Seconds in which a node is known. */
function up(reader: MemoryReader, node: string, fromAt: number, seconds: number): void {
  for (let i = 0; i < seconds; i++) reader.gauge(node, UPTIME, {}, fromAt + i * S, i);
}

/** Puts a tier away, so that questions go to the next. */
function only(reader: MemoryReader, stepMs: TierStep): void {
  for (const step of [1_000, 10_000, 60_000, 300_000, 3_600_000] as const) {
    if (step < stepMs) reader.forget(step, Number.MAX_SAFE_INTEGER);
  }
}

describe("figures of the past", () => {
  it("reads the finest tier for a short time and a coarse one for a long time, and says which", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 4 * 3600; i += 1) reader.gauge("chat/1", ACTIVE, {}, T0 + i * S, 5);
    const of = async (ms: number, points?: number) => {
      const range = { fromAt: T0 + 4 * HOUR - ms, toAt: T0 + 4 * HOUR, ...(points === undefined ? {} : { points }) };
      const { stepMs, resolutionMs, results } = await ask(reader, [{ metric: ACTIVE, agg: "mean" }], range);
      expect(results[0]?.lines[0]?.values.every((value) => value === 5)).toBe(true);
      return [stepMs, resolutionMs];
    };
    expect(await of(5 * MIN)).toEqual([1_000, 1_000]);
    expect(await of(15 * MIN)).toEqual([2_000, 1_000]);
    expect(await of(HOUR)).toEqual([10_000, 10_000]);
    expect(await of(4 * HOUR)).toEqual([30_000, 10_000]);
    expect(await of(4 * HOUR, 100)).toEqual([300_000, 300_000]);
    expect(await of(4 * HOUR, 5)).toEqual([3_600_000, 3_600_000]);
  });

  it("goes to a coarser tier where the finer one was deleted, and widens a step that nothing fits into", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 3600; i += 1) reader.gauge("chat/1", ACTIVE, {}, T0 + i * S, i);
    reader.forget(1_000, T0 + 30 * MIN);
    const selector: HistorySelector = { metric: ACTIVE, agg: "mean" };
    const late = await ask(reader, [selector], { fromAt: T0 + 30 * MIN, toAt: T0 + 31 * MIN });
    expect(late.resolutionMs).toBe(1_000);
    const early = await ask(reader, [selector], { fromAt: T0 + 29 * MIN, toAt: T0 + 31 * MIN, stepMs: 1_000 });
    expect(early).toMatchObject({ resolutionMs: 10_000, stepMs: 10_000 });
    expect(early.results[0]?.lines[0]?.values).toHaveLength(12);
    expect(early.results[0]?.lines[0]?.values[0]).toBe(29 * 60 + 4.5);
  });

  it("divides growth by the time that was watched, and leaves gaps as gaps", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 60; i++) {
      if (i >= 20 && i < 45) continue;
      reader.gauge("chat/1", UPTIME, {}, T0 + i * S, i).counter("chat/1", MESSAGES, {}, T0 + i * S, 10);
    }
    const range = { fromAt: T0, toAt: T0 + MIN, stepMs: 10_000 };
    const rate = await line(reader, { metric: MESSAGES, agg: "rate" }, range);
    expect(rate).toMatchObject({ values: [10, 10, null, null, 10, 10], whole: 10 });
    expect(rate?.coverage).toBeCloseTo(35 / 60);
    const increase = await line(reader, { metric: MESSAGES, agg: "increase" }, range);
    expect(increase).toMatchObject({ values: [100, 100, null, null, 50, 100], whole: 350 });
  });

  it("says which share of the time has data: of each line, and in which anything of it all was known", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 20);
    up(reader, "chat/2", T0 + 10 * S, 30);
    for (let i = 0; i < 20; i++) reader.gauge("chat/1", ACTIVE, {}, T0 + i * S, 1);
    for (let i = 10; i < 40; i++) reader.gauge("chat/2", ACTIVE, {}, T0 + i * S, 2);
    const range = { fromAt: T0, toAt: T0 + MIN, stepMs: 10_000 };
    const { coverage, results } = await ask(reader, [{ metric: ACTIVE, agg: "mean", by: ["node"] }], range);
    expect(results[0]?.lines.map((one) => one.coverage)).toEqual([30 / 60, 20 / 60]);
    expect(coverage).toBeCloseTo(40 / 60);
    expect((await ask(reader, [{ metric: MESSAGES, agg: "rate" }], range)).coverage).toBe(0);
  });

  it("counts a process that takes over from another once, in rates, sums and totals", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/old", T0, 150);
    up(reader, "chat/new", T0 + 150 * S, 150);
    for (let i = 0; i < 300; i++) {
      const node = i < 150 ? "chat/old" : "chat/new";
      reader.counter(node, MESSAGES, {}, T0 + i * S, 7, 1000 + i).gauge(node, ACTIVE, {}, T0 + i * S, 40);
    }
    const range = { fromAt: T0, toAt: T0 + 5 * MIN, stepMs: 5 * MIN };
    const { results } = await ask(
      reader,
      [
        { metric: MESSAGES, agg: "rate" },
        { metric: ACTIVE, agg: "mean" },
        { metric: ACTIVE, agg: "last" },
        { metric: MESSAGES, agg: "total" },
      ],
      range,
    );
    expect(results.map(({ lines }) => lines[0]?.values)).toEqual([[7], [40], [40], [1299]]);
  });

  it("divides a late series by its node's time, since before it there was nothing to count", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 300);
    reader.counter("chat/1", "websocket.server.errors", { "error.type": "TypeError" }, T0 + 299 * S, 3);
    const range = { fromAt: T0, toAt: T0 + 5 * MIN, stepMs: 5 * MIN };
    expect((await line(reader, { metric: "websocket.server.errors", agg: "rate" }, range))?.values).toEqual([0.01]);
  });

  it("shows a gauge that is only read from the middle of an interval on as it was read", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 300);
    for (let i = 150; i < 300; i++) reader.gauge("chat/1", "websocket.server.connection.limit", {}, T0 + i * S, 100);
    const range = { fromAt: T0, toAt: T0 + 5 * MIN, stepMs: 5 * MIN };
    const mean = await line(reader, { metric: "websocket.server.connection.limit", agg: "mean" }, range);
    expect(mean).toMatchObject({ values: [100], coverage: 0.5 });
  });

  it("puts gauges together as the catalogue says", async () => {
    const reader = new MemoryReader();
    for (const [node, value] of [
      ["chat/1", 4],
      ["chat/2", 6],
      ["chat/3", 8],
    ] as const) {
      reader.gauge(node, ACTIVE, {}, T0, value);
      reader.gauge(node, "system.cpu.utilization", {}, T0, value / 10);
      reader.gauge(node, "wsight.probe.timing.sample_ratio", {}, T0, value / 10);
    }
    const range = { fromAt: T0, toAt: T0 + S };
    const value = async (metric: string, agg: "mean" | "last" | "sum" | "max" | "min") =>
      (await line(reader, { metric, agg }, range))?.values[0];
    expect(await value(ACTIVE, "mean")).toBe(18);
    expect(await value(ACTIVE, "last")).toBe(18);
    expect(await value(ACTIVE, "max")).toBe(8);
    expect(await value(ACTIVE, "min")).toBe(4);
    expect(await value("system.cpu.utilization", "mean")).toBe(0.8);
    expect(await value("system.cpu.utilization", "last")).toBe(0.8);
    expect(await value("system.cpu.utilization", "sum")).toBeCloseTo(1.8);
    expect(await value("wsight.probe.timing.sample_ratio", "mean")).toBeCloseTo(0.6);
  });

  it("takes the largest node of counters that several processes read of one thing", async () => {
    const reader = new MemoryReader();
    for (const [node, growth] of [
      ["chat/1", 100],
      ["chat/2", 120],
    ] as const) {
      reader.gauge(node, UPTIME, {}, T0, 1);
      reader.counter(node, DISK, { "disk.io.direction": "read" }, T0, growth);
      reader.counter(node, DISK, { "disk.io.direction": "write" }, T0, 10);
      reader.counter(node, "redis.keyspace.hits", { "db.client": "a" }, T0, growth);
      reader.counter(node, "redis.keyspace.hits", { "db.client": "b" }, T0, growth + 1);
    }
    const range = { fromAt: T0, toAt: T0 + S };
    expect((await line(reader, { metric: DISK, agg: "rate" }, range))?.values).toEqual([130]);
    expect((await line(reader, { metric: "redis.keyspace.hits", agg: "rate" }, range))?.values).toEqual([121]);
  });

  it("merges distributions over time, nodes and label sets, and never averages percentiles", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 10);
    for (let i = 0; i < 9; i++) reader.values("chat/1", LATENCY, { source: "ack" }, T0 + i * S, Array(11).fill(0.001));
    reader.values("chat/2", LATENCY, { source: "handler" }, T0 + 5 * S, [2]);
    const range = { fromAt: T0, toAt: T0 + 10 * S, stepMs: 10_000 };
    const aggs = ["p50", "p99", "p999", "max", "min", "count", "rate", "mean"] as const;
    const { results } = await ask(
      reader,
      aggs.map((agg) => ({ metric: LATENCY, agg })),
      range,
    );
    const [p50, p99, p999, max, min, count, rate, mean] = results.map(({ lines }) => lines[0]?.values[0]);
    expect(p50).toBeCloseTo(0.001, 4);
    expect(p99).toBeCloseTo(0.001, 4);
    expect(p999).toBeGreaterThan(1.97);
    expect([max, min, count, rate]).toEqual([2, 0.001, 100, 10]);
    expect(mean).toBeCloseTo((99 * 0.001 + 2) / 100, 9);
    const octave = await line(reader, { metric: LATENCY, agg: "octave", octave: 1 }, range);
    expect(octave?.values).toEqual([0.1]);
  });

  it("knows nothing of a time without values, and counts zero of them while a node is known", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 2);
    reader.values("chat/1", LATENCY, { source: "ack" }, T0, [0.5]);
    const range = { fromAt: T0, toAt: T0 + 3 * S, stepMs: 1_000 };
    const { results } = await ask(
      reader,
      (["rate", "count", "p50"] as const).map((agg) => ({ metric: LATENCY, agg })),
      range,
    );
    expect(results.map(({ lines }) => lines[0]?.values)).toEqual([
      [1, 0, null],
      [1, 0, null],
      [0.5, null, null],
    ]);
  });

  it("makes a line for each value, keeps the largest, and tells how many are left out", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 60);
    for (let event = 0; event < 30; event++) {
      for (let i = 0; i < 60; i++)
        reader.counter("chat/1", MESSAGES, { event: `e${event}`, direction: "in" }, T0 + i * S, event);
    }
    const range = { fromAt: T0, toAt: T0 + MIN, stepMs: 10_000 };
    const { results } = await ask(reader, [{ metric: MESSAGES, agg: "rate", by: ["event"], top: 3 }], range);
    expect(results[0]?.leftOut).toBe(27);
    expect(results[0]?.lines.map(({ labels, whole }) => [labels.event, whole])).toEqual([
      ["e29", 29],
      ["e28", 28],
      ["e27", 27],
    ]);
    const all = await ask(reader, [{ metric: MESSAGES, agg: "rate", by: ["event", "node"] }], range);
    expect(all.results[0]).toMatchObject({ leftOut: 10 });
    expect(all.results[0]?.lines[0]?.labels).toEqual({ event: "e29", node: "chat/1" });
  });

  it("ranks lines by the time asked for alone, though whole hours come from a coarser tier", async () => {
    const reader = new MemoryReader();
    const five = (event: string, minute: number, growth: number): void => {
      const at = T0 + minute * MIN;
      const cell = { at, min: 0, max: growth, sum: growth, count: 300, last: growth };
      reader.put("chat/1", MESSAGES, { event }, 300_000, cell);
    };
    for (let minute = 0; minute < 20 * 60; minute += 5) {
      reader.put("chat/1", UPTIME, {}, 300_000, {
        at: T0 + minute * MIN,
        min: 1,
        max: 1,
        sum: 300,
        count: 300,
        last: 1,
      });
      five("steady", minute, 10);
      five("idle", minute, 0);
    }
    // Within the first and the last hour of the answer, but only two of them within its time.
    five("before", 25, 1e6);
    five("first", 30, 5_000);
    five("last", 19 * 60 + 25, 4_000);
    five("after", 19 * 60 + 30, 1e6);
    const range = { fromAt: T0 + 30 * MIN, toAt: T0 + 19 * HOUR + 30 * MIN, stepMs: 300_000 };
    const { results } = await ask(reader, [{ metric: MESSAGES, agg: "increase", by: ["event"], top: 3 }], range);
    expect(results[0]?.lines.map(({ labels, whole }) => [labels.event, whole])).toEqual([
      ["first", 5_000],
      ["last", 4_000],
      ["steady", 19 * 12 * 10],
    ]);
    expect(results[0]?.leftOut).toBe(1);
  });

  it("tells within which bounds every second lay", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 10);
    for (let i = 0; i < 10; i++) {
      reader.gauge("chat/1", ACTIVE, {}, T0 + i * S, 10 + i).counter("chat/1", MESSAGES, {}, T0 + i * S, i);
    }
    const range = { fromAt: T0, toAt: T0 + 10 * S, stepMs: 10_000 };
    expect(await line(reader, { metric: ACTIVE, agg: "mean" }, range)).toMatchObject({
      values: [14.5],
      low: [10],
      high: [19],
    });
    expect(await line(reader, { metric: MESSAGES, agg: "rate" }, range)).toMatchObject({
      values: [4.5],
      low: [0],
      high: [9],
    });
    expect(await line(reader, { metric: ACTIVE, agg: "mean" }, { ...range, stepMs: 1_000 })).not.toHaveProperty("low");
  });

  it("tells bounds of what was there for a part of an interval with the seconds in which it was not", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 10);
    for (let i = 0; i < 10; i++) {
      reader.gauge("chat/1", ACTIVE, { transport: "polling" }, T0 + i * S, 7);
      if (i < 5) continue;
      reader.gauge("chat/1", ACTIVE, { transport: "websocket" }, T0 + i * S, 3);
      reader.counter("chat/1", MESSAGES, {}, T0 + i * S, 4);
    }
    const range = { fromAt: T0, toAt: T0 + 10 * S, stepMs: 10_000 };
    expect(await line(reader, { metric: MESSAGES, agg: "rate" }, range)).toMatchObject({
      values: [2],
      low: [0],
      high: [4],
    });
    expect(await line(reader, { metric: ACTIVE, agg: "mean" }, range)).toMatchObject({
      values: [8.5],
      low: [7],
      high: [10],
    });
  });

  it("answers nothing of what is not there", async () => {
    const reader = new MemoryReader();
    const range = { fromAt: T0, toAt: T0 + MIN };
    expect(await ask(reader, [{ metric: ACTIVE, agg: "mean" }], range)).toMatchObject({
      coverage: 0,
      results: [{ lines: [], leftOut: 0 }],
    });
  });

  it("refuses what would be too much before it reads, and says what to change", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 100; i++) {
      const labels = { source: `s${i}` };
      reader.values("chat/1", LATENCY, labels, T0, [1], 3_600_000);
      reader.values("chat/1", LATENCY, labels, T0 + 9_600 * HOUR, [1], 3_600_000);
    }
    const range = { fromAt: T0, toAt: T0 + 9_601 * HOUR, stepMs: HOUR };
    await expect(ask(reader, [{ metric: LATENCY, agg: "p99" }], range)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("Ask for a shorter time, a larger stepMs, or fewer series"),
    });
    const { results } = await ask(reader, [{ metric: LATENCY, agg: "count" }], range);
    expect(results[0]?.lines[0]?.whole).toBe(200);
    const wide = { ...range, stepMs: HOUR };
    const by: HistorySelector = { metric: LATENCY, agg: "count", by: ["source"], top: 500 };
    await expect(ask(reader, [by, { ...by, agg: "rate" }], wide)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("fewer points or a larger stepMs"),
    });
  });

  it("gives up when its reader leaves", async () => {
    const reader = new MemoryReader();
    up(reader, "chat/1", T0, 10);
    const leaving = new AbortController();
    const asking = ANALYSES.query(
      reader,
      { selectors: [{ metric: UPTIME, agg: "mean" }], fromAt: T0, toAt: T0 + MIN },
      leaving.signal,
    );
    leaving.abort();
    await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("properties of figures", () => {
  const values = fc.array(fc.double({ min: 1e-5, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 40 });
  const recordings = fc.array(
    fc.record({ second: fc.integer({ min: 0, max: 599 }), node: fc.constantFrom("a/1", "a/2", "b/1"), values }),
    { minLength: 1, maxLength: 25 },
  );

  it("merged percentiles are within 1.1 % of the exact nearest rank, at every tier", async () => {
    await fc.assert(
      fc.asyncProperty(recordings, fc.constantFrom(1_000, 10_000, 60_000, 300_000), async (some, stepMs) => {
        const reader = new MemoryReader();
        const merged = new Map<string, { node: string; second: number; all: number[] }>();
        for (const { second, node, values } of some) {
          const entry = merged.get(`${node} ${second}`) ?? { node, second, all: [] };
          entry.all.push(...values);
          merged.set(`${node} ${second}`, entry);
        }
        for (const { node, second, all } of merged.values())
          reader.values(node, LATENCY, { source: "ack" }, T0 + second * S, all);
        only(reader, stepMs as TierStep);
        const sorted = some.flatMap((one) => one.values).sort((a, b) => a - b);
        const selectors = (["p50", "p90", "p99"] as const).map((agg) => ({ metric: LATENCY, agg }));
        const { results } = await ask(reader, selectors, { fromAt: T0, toAt: T0 + 10 * MIN, points: 20 });
        for (const [i, q] of [0.5, 0.9, 0.99].entries()) {
          const exact = sorted[Math.ceil(q * sorted.length - 1e-9) - 1] as number;
          const got = results[i]?.lines[0]?.whole as number;
          expect(Math.abs(got - exact) / exact).toBeLessThanOrEqual(0.011);
        }
      }),
      { numRuns: 60 },
    );
  });

  const second = fc.record({
    second: fc.integer({ min: 0, max: 599 }),
    node: fc.constantFrom("a/1", "a/2"),
    label: fc.constantFrom("in", "out"),
    value: fc.integer({ min: 0, max: 1000 }),
  });

  it("a coarse tier gives the same answer as the fine one on the same intervals", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(second, { minLength: 1, maxLength: 60 }), async (some) => {
        const fill = (): MemoryReader => {
          const reader = new MemoryReader();
          for (const { second, node, label, value } of some) {
            const at = T0 + second * S;
            reader.counter(node, MESSAGES, { direction: label }, at, value, value + second);
            reader.gauge(node, ACTIVE, { transport: label }, at, value);
            reader.gauge(node, "system.cpu.utilization", {}, at, value / 1000);
            reader.values(node, LATENCY, { source: label }, at, [value / 1000, 0.3]);
          }
          // Nodes that are there all the time settle how long was watched.
          up(reader, "a/1", T0, 600);
          up(reader, "a/2", T0, 600);
          return reader;
        };
        const selectors: readonly HistorySelector[] = [
          { metric: MESSAGES, agg: "rate", by: ["direction"] },
          { metric: MESSAGES, agg: "increase", by: ["node"] },
          { metric: ACTIVE, agg: "min" },
          { metric: ACTIVE, agg: "max" },
          { metric: "system.cpu.utilization", agg: "mean" },
          { metric: LATENCY, agg: "p95" },
          { metric: LATENCY, agg: "count" },
          { metric: LATENCY, agg: "mean", by: ["source"] },
          { metric: LATENCY, agg: "octave", octave: -1 },
        ];
        const range = { fromAt: T0, toAt: T0 + 10 * MIN, stepMs: 300_000 };
        const answers: (readonly { readonly labels: Labels; readonly numbers: readonly (number | null)[] }[])[][] = [];
        for (const tier of [1_000, 10_000, 60_000, 300_000] as const) {
          const reader = fill();
          // Coarser tiers away, so that this one is read.
          for (const coarser of [10_000, 60_000, 300_000, 3_600_000] as const) {
            if (coarser > tier) reader.forget(coarser, Number.MAX_SAFE_INTEGER);
          }
          const { results, resolutionMs } = await ask(reader, selectors, range);
          expect(resolutionMs).toBe(tier);
          answers.push(
            results.map(({ lines }) =>
              lines.map(({ labels, values, whole }) => ({ labels, numbers: [...values, whole] })),
            ),
          );
        }
        for (const answer of answers) {
          answer.forEach((lines, i) => {
            const others = answers[0]?.[i] ?? [];
            expect(lines.length).toBe(others.length);
            for (const { labels, numbers } of lines) {
              const other = others.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels));
              numbers.forEach((number, j) => {
                const same = other?.numbers[j] ?? null;
                if (number === null || same === null) expect(number).toBe(same);
                else expect(number).toBeCloseTo(same, 6);
              });
            }
          });
        }
      }),
      { numRuns: 30 },
    );
  });

  it("growth across restarts adds up, whatever the intervals", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 600, maxLength: 600 }),
        fc.array(fc.integer({ min: 1, max: 599 }), { maxLength: 4 }),
        fc.constantFrom(1_000, 10_000, 60_000, 300_000),
        async (growths, restarts, stepMs) => {
          const reader = new MemoryReader();
          let total = 0;
          growths.forEach((growth, i) => {
            if (restarts.includes(i)) total = 0;
            total += growth;
            reader
              .gauge("chat/1", UPTIME, {}, T0 + i * S, i)
              .counter("chat/1", MESSAGES, {}, T0 + i * S, growth, total);
          });
          const range = { fromAt: T0, toAt: T0 + 10 * MIN, stepMs };
          const increase = await line(reader, { metric: MESSAGES, agg: "increase" }, range);
          const rate = await line(reader, { metric: MESSAGES, agg: "rate" }, range);
          const sum = growths.reduce((all, one) => all + one, 0);
          expect(increase?.values.reduce<number>((all, one) => all + (one ?? 0), 0)).toBe(sum);
          expect(rate?.whole).toBeCloseTo(sum / 600, 9);
        },
      ),
      { numRuns: 25 },
    );
  });
});
