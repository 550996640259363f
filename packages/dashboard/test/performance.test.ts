import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeOn, scatterScale } from "../src/charts/scatter-scale.ts";
import { SlowBook } from "../src/pages/performance/slow-book.ts";
import { breakdownOf, groupSlow, type SlowEvent, slowOfCell } from "../src/pages/performance/slow-events.ts";

function slow(at: number, seconds: number, more: Partial<SlowEvent> = {}): SlowEvent {
  return {
    at,
    kind: "handler",
    event: "chat",
    library: "ws",
    connection: 7,
    seconds,
    queueSeconds: 0.01,
    bufferedBytes: 0,
    node: "chat/a",
    ...more,
  };
}

describe("the scale of a scatter plot", () => {
  it("is linear from zero to a round number while values are near each other", () => {
    expect(scatterScale([3, 17, 38])).toEqual({ log: false, low: 0, high: 40, marks: [0, 10, 20, 30, 40] });
  });

  it("is logarithmic between round numbers where values spread far", () => {
    const scale = scatterScale([0.00007, 0.0004, 0.013]);
    expect(scale).toMatchObject({ log: true, low: 0.00005, high: 0.02 });
    expect(placeOn(scale, 0.00005)).toBe(0);
    expect(placeOn(scale, 0.02)).toBe(1);
    expect(placeOn(scale, 0.001)).toBeCloseTo(0.5, 1);
  });

  it("holds every value, with two to nine marks in order", () => {
    const value = fc.double({ min: 1e-7, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
        const scale = scatterScale(values);
        const { low, high, marks } = scale;
        for (const each of values) {
          expect(each).toBeLessThanOrEqual(high * 1.00001);
          expect(each).toBeGreaterThanOrEqual(low * 0.99999);
          const place = placeOn(scale, each);
          expect(place >= 0 && place <= 1).toBe(true);
        }
        expect(marks.length).toBeGreaterThanOrEqual(2);
        expect(marks.length).toBeLessThanOrEqual(9);
        expect([...marks].sort((a, b) => a - b)).toEqual(marks);
      }),
      { numRuns: 500 },
    );
  });

  it("has a scale for no values, and for values that are no durations", () => {
    expect(scatterScale([])).toEqual({ log: false, low: 0, high: 1, marks: [0, 1] });
    expect(scatterScale([0, Number.NaN]).high).toBe(1);
  });
});

describe("slow events", () => {
  const cell = { fromAt: 1000, toAt: 2000, octave: -3, count: 5 };

  it("of a cell are those of its time and duration, the slowest first, without broadcasts", () => {
    const rows = [
      slow(1000, 0.1),
      slow(1999, 0.125),
      slow(2000, 0.1),
      slow(1500, 0.0625),
      slow(1500, 0.126),
      slow(1500, 0.1, { kind: "broadcast" }),
    ];
    expect(slowOfCell(rows, cell).map(({ seconds }) => seconds)).toEqual([0.125, 0.1]);
  });

  it("are split into queue and work, where the queue is known", () => {
    expect(breakdownOf(slow(1, 0.3, { queueSeconds: 0.1 }))).toMatchObject({ queue: 0.1, work: 0.3, queueShare: 0.25 });
    expect(breakdownOf(slow(1, 0.3, { queueSeconds: null, bufferedBytes: null }))).toEqual({
      queue: null,
      work: 0.3,
      waiting: null,
      queueShare: null,
    });
  });

  it("that one stall held up are one group, of the slowest", () => {
    const groups = groupSlow([
      slow(5100, 0.19),
      slow(5200, 0.2, { connection: 9 }),
      slow(5999, 0.185),
      slow(5300, 0.17),
    ]);
    expect(groups).toMatchObject([
      { seconds: 0.2, connection: 9, times: 3, shortest: 0.185 },
      { seconds: 0.17, times: 1 },
    ]);
  });

  it.each<[string, SlowEvent]>([
    ["second", slow(6000, 0.2)],
    ["name", slow(5000, 0.2, { event: "typing" })],
    ["kind", slow(5000, 0.2, { kind: "ack" })],
    ["node", slow(5000, 0.2, { node: "chat/b" })],
  ])("of another %s are another group", (_what, other) => {
    expect(groupSlow([slow(5999, 0.2), other]).map(({ times }) => times)).toEqual([1, 1]);
  });

  it("are remembered once each, bounded in number and age", () => {
    const book = new SlowBook();
    book.take([slow(2, 0.2), slow(1, 0.1)]);
    book.take([slow(2, 0.2), slow(1, 0.1)]);
    expect(book.events).toHaveLength(2);
    book.take(Array.from({ length: 2000 }, (_, i) => slow(2010 - i, 0.1)));
    expect(book.events).toHaveLength(1500);
    expect(Math.min(...book.events.map(({ at }) => at))).toBeGreaterThan(500);
    book.take([slow(2_000_000, 0.1)]);
    expect(book.events.map(({ at }) => at)).toEqual([2_000_000]);
  });
});
