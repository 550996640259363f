import { Histogram, MAX_SERIES, SnapshotEncoder } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionTable } from "../dist/connections.js";
import { BREAKER_LIMIT, Guard } from "../dist/guard.js";
import { RateRing } from "../dist/instruments/rate-ring.js";
import { TimingSampler } from "../dist/instruments/timing-sampler.js";
import { Registry } from "../dist/registry.js";

const quiet = (): Guard => new Guard(() => undefined);

describe("the registry", () => {
  it("gives out the same instrument for the same labels, in whatever order", () => {
    const registry = new Registry(quiet());
    const one = registry.counter("websocket.server.messages", { direction: "in", kind: "text" });
    expect(registry.counter("websocket.server.messages", { kind: "text", direction: "in" })).toBe(one);
    expect(registry.counter("websocket.server.messages", { direction: "out", kind: "text" })).not.toBe(one);
  });

  it("refuses a metric that is not of the catalogue, or of another kind", () => {
    const registry = new Registry(quiet());
    expect(() => registry.counter("no.such")).toThrow("no.such: expected a counter of the catalogue");
    expect(() => registry.histogram("websocket.server.messages")).toThrow(
      "expected a histogram of the catalogue, got counter",
    );
  });

  it("holds a bounded number of series; beyond that instruments work and are not told", () => {
    const registry = new Registry(quiet());
    for (let i = 0; i < MAX_SERIES + 10; i++)
      registry.counter("websocket.server.errors", { "error.type": `${i}` }).value++;
    expect(registry.allNames()).toHaveLength(MAX_SERIES);
    expect(registry.refused).toBe(10);
    const encoder = new SnapshotEncoder();
    encoder.begin();
    registry.takeNames();
    registry.snapshot(encoder, true);
    expect(encoder.finish({ epoch: 1, seq: 1, at: 1, keyframe: true }).length).toBeGreaterThan(MAX_SERIES);
  });

  it("folds a series that ends into another, and reuses its id under a new name", () => {
    const registry = new Registry(quiet());
    const other = registry.counter("websocket.server.errors", { "error.type": "_other" });
    const cold = registry.counter("websocket.server.errors", { "error.type": "cold" });
    cold.value = 5;
    registry.takeNames();
    registry.retireCounter(cold, other);
    registry.retireCounter(cold, other);
    expect(other.value).toBe(5);
    const next = registry.counter("websocket.server.errors", { "error.type": "next" });
    expect(next.id).toBe(cold.id);
    expect(registry.takeNames()).toMatchObject({
      names: [{ id: next.id, series: { labels: { "error.type": "next" } } }],
      retired: [{ id: cold.id, into: other.id }],
    });
  });

  it("reads a gauge that throws as unknown, and one that ended too", () => {
    const registry = new Registry(quiet());
    const end = registry.gauge("process.uptime", {}, () => {
      throw new Error("no");
    });
    expect(registry.sumGauge("process.uptime")).toBe(0);
    registry.gauge("process.uptime", {}, () => 5);
    end();
    expect(registry.sumGauge("process.uptime")).toBe(5);
  });
});

describe("the rate ring", () => {
  it("answers growth and rate over the last so many seconds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 1200 }),
        fc.integer({ min: 1, max: 900 }),
        (deltas, seconds) => {
          const ring = new RateRing(1);
          let total = 0;
          for (const delta of deltas) {
            total += delta;
            ring.push(total);
          }
          const recent = deltas.slice(-Math.min(seconds, 900));
          const growth = recent.reduce((sum, delta) => sum + delta, 0);
          expect(ring.growth(seconds)).toBe(growth);
          expect(ring.rate(seconds)).toBeCloseTo(growth / recent.length, 9);
        },
      ),
    );
  });

  it("knows a count that began anew, and nothing before the first interval", () => {
    const ring = new RateRing(0.5);
    expect(ring.rate(60)).toBe(0);
    ring.push(10);
    ring.push(4);
    expect(ring.growth(60)).toBe(14);
    expect(ring.rate(60)).toBe(14);
    ring.reset();
    expect(ring.growth(60)).toBe(0);
  });
});

describe("the timing sampler", () => {
  it("takes everything while there is little, less and less when there is much, and the weights add up", () => {
    const sampler = new TimingSampler();
    let messages = 0;
    let weights = 0;
    const second = (count: number): void => {
      for (let i = 0; i < count; i++) {
        messages++;
        if (sampler.take()) weights += sampler.period;
      }
      sampler.tick(1);
    };
    second(900);
    expect([weights, sampler.period]).toEqual([900, 1]);
    for (let i = 0; i < 6; i++) second(30_000);
    expect(sampler.period).toBe(41);
    for (let i = 0; i < 6; i++) second(10);
    expect(sampler.period).toBe(1);
    expect(Math.abs(weights - messages)).toBeLessThan(41 * 12);
  });

  it("does not fall into step with traffic that alternates", () => {
    const sampler = new TimingSampler();
    for (let i = 0; i < 6; i++) {
      for (let k = 0; k < 15_000; k++) sampler.take();
      sampler.tick(1);
    }
    const taken = [0, 0];
    for (let k = 0; k < 34_000; k++) if (sampler.take()) taken[k % 2] = (taken[k % 2] ?? 0) + 1;
    expect(taken).toEqual([1000, 1000]);
  });
});

describe("the connection table", () => {
  const act = fc.oneof(
    fc.record({ do: fc.constant("open" as const) }),
    fc.record({
      do: fc.constantFrom("close" as const, "received" as const, "sent" as const),
      at: fc.nat(40),
      bytes: fc.nat(5000),
    }),
    fc.record({ do: fc.constant("user" as const), at: fc.nat(40), name: fc.constantFrom("a", "b", "c", null) }),
  );

  it("holds exactly what a plain map of objects would, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
        const table = new ConnectionTable({ startedAt: 0, max: 30 });
        const model = new Map<number, { in: number; out: number; n: number; user: string | null }>();
        const pick = (at: number): number => [...model.keys()][at % Math.max(1, model.size)] ?? -1;
        let refused = 0;
        for (const step of acts) {
          if (step.do === "open") {
            const slot = table.open(1000);
            if (slot < 0) refused++;
            else expect(model.has(slot)).toBe(false);
            if (slot >= 0) model.set(slot, { in: 0, out: 0, n: 0, user: null });
            continue;
          }
          const slot = pick(step.at);
          const row = model.get(slot);
          if (step.do === "close") {
            expect(table.close(slot)).toBe(row === undefined ? null : 1000);
            expect(table.close(slot)).toBeNull();
            model.delete(slot);
          } else if (step.do === "user") {
            table.setUser(slot, step.name);
            if (row !== undefined) row.user = step.name;
          } else {
            table[step.do](slot, step.bytes);
            if (row === undefined) continue;
            row[step.do === "received" ? "in" : "out"] += step.bytes;
            row.n++;
          }
        }
        expect([table.size, table.refused]).toEqual([model.size, refused]);
        const users = new Map<string, number>();
        for (const [slot, row] of model) {
          expect(table.read(slot)).toMatchObject({
            bytesIn: row.in,
            bytesOut: row.out,
            user: row.user,
            openedAt: 1000,
          });
          const { messagesIn = 0, messagesOut = 0 } = table.read(slot) ?? {};
          expect(messagesIn + messagesOut).toBe(row.n);
          if (row.user !== null) users.set(row.user, (users.get(row.user) ?? 0) + 1);
        }
        const told = table.users(100);
        expect(Object.fromEntries(told.rows.map(({ key, count }) => [key, count]))).toEqual(Object.fromEntries(users));
        expect(told.total).toBe(users.size);
      }),
      { numRuns: 300 },
    );
  });

  it("times a ping to its answer, the oldest one that waits, also across the wrap of its clock", () => {
    const table = new ConnectionTable({ startedAt: 0, max: 10 });
    const slot = table.open(0);
    expect(table.ponged(slot, 5)).toBeNull();
    table.pinged(slot, 100);
    table.pinged(slot, 150);
    expect(table.ponged(slot, 180.25)).toBeCloseTo(80.25, 3);
    expect(table.ponged(slot, 190)).toBeNull();
    const wrap = 2 ** 32 / 1000;
    table.pinged(slot, wrap - 1);
    expect(table.ponged(slot, wrap + 1)).toBeCloseTo(2, 2);
    expect(table.read(slot)?.rttMs).toBeCloseTo(2, 2);
  });

  it("answers the largest users first, as many as asked for", () => {
    const table = new ConnectionTable({ startedAt: 0, max: 10_000 });
    for (let user = 1; user <= 60; user++) for (let i = 0; i < user; i++) table.setUser(table.open(0), `user ${user}`);
    const { total, rows } = table.users(3);
    expect({ total, rows }).toEqual({
      total: 60,
      rows: [60, 59, 58].map((count) => ({ key: `user ${count}`, count })),
    });
  });
});

describe("the guard", () => {
  it("answers with the fallback, tells the first fault and the one that opens the breaker, and survives its reporter", () => {
    const told: string[] = [];
    const guard = new Guard((error, { source }) => {
      told.push(`${source}: ${(error as Error).message}`);
      throw new Error("the reporter is broken too");
    });
    const fail = (): number => {
      throw new Error("broken");
    };
    for (let i = 0; i < BREAKER_LIMIT + 5; i++) expect(guard.run("hook", fail, 7, "x")).toBe(7);
    expect(told).toEqual(["x: broken", `x: ${BREAKER_LIMIT} faults of x; it is switched off. The last was: broken`]);
    expect([guard.isOpen("x"), guard.isOpen("y")]).toEqual([true, false]);
  });

  // Clients choose what `getEvent` is given: ten messages that are no JSON ended event names for good.
  it("tells of a callback of the application once, and goes on calling it", () => {
    const told: string[] = [];
    const guard = new Guard((error) => told.push((error as Error).message));
    for (let i = 0; i < BREAKER_LIMIT * 2; i++)
      expect(guard.fault("callback", new Error("odd"), "getEvent")).toBe(false);
    expect(told).toEqual(["odd"]);
  });

  it("keeps a bounded number of sources", () => {
    const guard = quiet();
    for (let i = 0; i < 1000; i++) guard.fault("hook", new Error(), `source ${i}`);
    expect(guard.faults.size).toBeLessThanOrEqual(64);
  });
});

describe("a distribution of the registry", () => {
  it("is a histogram that a snapshot tells only when it changed", () => {
    const registry = new Registry(quiet());
    const distribution = registry.histogram("websocket.server.rtt", { source: "ws_ping" });
    expect(distribution).toBeInstanceOf(Histogram);
    const size = (keyframe: boolean): number => {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      registry.takeNames();
      registry.snapshot(encoder, keyframe);
      return encoder.finish({ epoch: 1, seq: 1, at: 1, keyframe }).length;
    };
    const empty = size(true);
    distribution.record(0.01);
    expect(size(false)).toBeGreaterThan(empty);
    expect(size(false)).toBeLessThanOrEqual(empty);
    expect(size(true)).toBeGreaterThan(empty);
  });
});
