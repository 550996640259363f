import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBackoff } from "../src/connection/backoff.ts";
import { CLOCK_SAMPLES, ServerClock } from "../src/connection/server-clock.ts";
import { ByteRate } from "../src/state/byte-rate.ts";
import { connectionStateOf, type Freshness, rightEdge } from "../src/state/freshness.ts";
import { Ring } from "../src/state/ring.ts";
import { MAX_UNUSED, SeriesStore } from "../src/state/series-store.ts";

describe("a ring", () => {
  it("holds the newest slots like a map would that forgets the old ones", () => {
    const write = fc.tuple(
      fc.integer({ min: -12, max: 12 }),
      fc.option(fc.integer({ min: 0, max: 99 }), { nil: Number.NaN }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(write, { maxLength: 60 }), (capacity, writes) => {
        const ring = new Ring(capacity);
        const model = new Map<number, number>();
        let newest = -1;
        for (const [step, value] of writes) {
          const slot = Math.max(0, (newest < 0 ? 100 : newest) + step);
          if (slot > newest - capacity && !(Number.isNaN(value) && slot <= newest)) model.set(slot, value);
          newest = Math.max(newest, slot);
          ring.write(slot, value);
        }
        expect(ring.newest).toBe(newest);
        for (let slot = newest - 2 * capacity; slot <= newest + 2; slot++) {
          const held = slot > newest - capacity ? (model.get(slot) ?? Number.NaN) : Number.NaN;
          expect(ring.at(slot)).toBe(held);
        }
      }),
    );
  });

  it("wraps around without showing what was overwritten", () => {
    const ring = new Ring(900);
    for (let slot = 5000; slot < 7000; slot++) ring.write(slot, slot);
    expect([ring.at(6099), ring.at(6100), ring.at(6999), ring.at(7000)]).toEqual([Number.NaN, 6100, 6999, Number.NaN]);
    ring.write(7500, 1);
    expect([ring.at(6999), ring.at(7000), ring.at(7499), ring.at(7500)]).toEqual([6999, Number.NaN, Number.NaN, 1]);
    ring.write(1_000_000_000, 2);
    expect([ring.at(7500), ring.at(999_999_999), ring.at(1_000_000_000)]).toEqual([Number.NaN, Number.NaN, 2]);
  });

  it("never turns what is known into something unknown", () => {
    const ring = new Ring(10);
    ring.write(5, 1);
    ring.write(5, Number.NaN);
    expect(ring.at(5)).toBe(1);
    ring.write(5, 2);
    expect(ring.at(5)).toBe(2);
  });
});

describe("the series held", () => {
  const columns = [{ key: "a", scale: 100 }];

  it("are read on one grid, bounded, into columns that fit", () => {
    const store = new SeriesStore();
    store.setUsed(new Set(["a"]), 0);
    store.backfill(
      { type: "backfill", channel: 1, fromAt: 10_000, stepMs: 1000, columns: [Float64Array.of(100, Number.NaN, 300)] },
      columns,
    );
    const into = { at: new Float64Array(5), value: new Float64Array(5) };
    const read = store.read("a", 9500, 13_999, into);
    expect(read.at).toBe(into.at);
    expect(read.length).toBe(4);
    expect([...read.at.subarray(0, 4)]).toEqual([10, 11, 12, 13]);
    expect([...read.value.subarray(0, 4)]).toEqual([1, Number.NaN, 3, Number.NaN]);
    expect(store.read("a", 0, 1e12, into).length).toBe(901);
    expect(store.read("a", 2000, 1000).length).toBe(0);
    expect(store.read("a", 0, Number.POSITIVE_INFINITY).length).toBe(0);
    expect(store.latest("a")).toBe(3);
  });

  it("that nobody uses are bounded in number, the longest unused going first", () => {
    const store = new SeriesStore();
    const keys = Array.from({ length: MAX_UNUSED + 100 }, (_, i) => `k${i}`);
    keys.forEach((key, i) => {
      store.setUsed(new Set([key]), i);
    });
    store.setUsed(new Set(["last"]), 2000);
    expect(store.size).toBe(MAX_UNUSED + 1);
    store.sweep(60_000 + 2000);
    expect(store.size).toBe(1);
  });

  it("are forgotten when the grid changes", () => {
    const store = new SeriesStore();
    store.setUsed(new Set(["a"]), 0);
    store.tick({ type: "tick", channel: 1, seq: 1, at: 10_000, keyframe: true, values: Float64Array.of(1) }, columns);
    store.setGrid(1000, 900_000);
    expect(store.lastAt).toBe(10_000);
    store.setGrid(500, 900_000);
    expect([store.lastAt, store.latest("a")]).toEqual([null, null]);
  });
});

describe("the state of a connection", () => {
  const open: Freshness = { phase: "open", attempt: 0, lagMs: 0, everyMs: 1000, openMs: 0 };
  it.each<[Partial<Freshness>, string]>([
    [{ phase: "checking", lagMs: null }, "connecting"],
    [{ phase: "opening", lagMs: null, attempt: 1 }, "offline"],
    [{ phase: "waiting", attempt: 1 }, "offline"],
    [{ phase: "signed-out" }, "signed-out"],
    [{ phase: "closed" }, "offline"],
    [{ lagMs: null }, "connecting"],
    [{ lagMs: null, openMs: 10_001 }, "offline"],
    [{ lagMs: 2500 }, "live"],
    [{ lagMs: 2501 }, "lagging"],
    [{ lagMs: 10_000 }, "lagging"],
    [{ lagMs: 10_001 }, "offline"],
    [{ lagMs: 20_000, everyMs: 10_000 }, "live"],
  ])("with %o is %s", (given, state) => {
    expect(connectionStateOf({ ...open, ...given })).toBe(state);
  });

  it("keeps the right edge on the newest sample while it is fresh, and on the clock when it is not", () => {
    expect(rightEdge(20_700, 19_000, 1000, 1000)).toBe(19_000);
    expect(rightEdge(22_500, 19_000, 1000, 1000)).toBe(19_000);
    expect(rightEdge(22_501, 19_000, 1000, 1000)).toBe(21_000);
    expect(rightEdge(20_700, null, 1000, 1000)).toBe(19_000);
  });
});

describe("the hub's clock", () => {
  it("is off by the median of the last eight round trips, so that a slow one does not matter", () => {
    let now = 1000;
    const clock = new ServerClock(() => now);
    clock.restart(6000);
    expect(clock.now()).toBe(6000);
    for (let i = 0; i < CLOCK_SAMPLES; i++) {
      const roundTripMs = i % 4 === 3 ? 900 : 20;
      const sentAt = now;
      now += roundTripMs;
      clock.pong(sentAt, sentAt + roundTripMs - 10 + 5000);
    }
    expect(clock.offsetMs).toBe(5000);
    clock.pong(now + 1, 0);
    clock.pong(now - 60_000, 0);
    expect(clock.offsetMs).toBe(5000);
  });
});

describe("the rate of bytes", () => {
  it("is the mean of ten whole seconds, without the one that is not over", () => {
    const rate = new ByteRate();
    for (let second = 0; second < 30; second++) rate.add(second < 20 ? 1000 : 500, second * 1000 + 300);
    expect(rate.read(29_900)).toBe(550);
    expect(rate.read(30_000)).toBe(500);
    expect(rate.read(35_000)).toBe(250);
    expect(rate.read(60_000)).toBe(0);
  });
});

describe("backoff", () => {
  it("stays between half a second and ten, and starts over when told", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 50 }), (luck) => {
        let i = 0;
        const backoff = createBackoff(() => luck[i++ % luck.length] as number);
        for (const _ of luck) {
          const delayMs = backoff.next();
          expect(delayMs).toBeGreaterThanOrEqual(500);
          expect(delayMs).toBeLessThanOrEqual(10_000);
        }
        backoff.reset();
        expect(backoff.next()).toBeLessThanOrEqual(1500);
      }),
    );
  });
});
