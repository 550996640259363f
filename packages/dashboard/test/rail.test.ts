import type { HistoryEvent, HistoryEventKind } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { App } from "../src/app-context.ts";
import { clampRange } from "../src/past-control.ts";
import { joinCurve, RailData } from "../src/rail/rail-data.ts";
import { moveDrag, startDrag } from "../src/rail/rail-drag.ts";
import { marksOf, nextMark } from "../src/rail/rail-marks.ts";
import { around, dragged, fittingSpan, gripAt, RailScale, stepOf, zoomed } from "../src/rail/rail-scale.ts";
import { HandClock, until } from "./hand-clock.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;

describe("how much time the rail shows", () => {
  it.each([
    ["nothing older than what is live", null, 15 * MIN],
    ["ten minutes", 10 * MIN, 15 * MIN],
    ["forty minutes", 40 * MIN, HOUR],
    ["five hours", 5 * HOUR, 6 * HOUR],
    ["a month", 30 * DAY, DAY],
  ])("with %s known", (_what, knownMs, spanMs) => {
    expect(fittingSpan(NOW, knownMs === null ? null : NOW - knownMs, null)).toBe(spanMs);
  });

  it("reaches back as far as what is looked at", () => {
    expect(fittingSpan(NOW, null, { fromAt: NOW - 2 * DAY, toAt: NOW - DAY })).toBe(3 * DAY);
    expect(fittingSpan(NOW, null, { fromAt: NOW - 90 * DAY, toAt: NOW - DAY })).toBeGreaterThan(90 * DAY);
  });

  it("is an hour to thirty days by the wheel, away from the person closer", () => {
    expect(zoomed(DAY, -100)).toBeLessThan(DAY);
    expect(zoomed(DAY, 100)).toBeGreaterThan(DAY);
    expect(zoomed(DAY, -1e6)).toBe(HOUR);
    expect(zoomed(DAY, 1e6)).toBe(30 * DAY);
  });
});

describe("the window on the rail", () => {
  const scale = new RailScale(NOW, DAY, 1000);
  const shown = { fromAt: NOW - 10 * HOUR, toAt: NOW - 5 * HOUR };

  it("is taken by its edges, in between, and nowhere else", () => {
    const [left, right] = [scale.xOf(shown.fromAt), scale.xOf(shown.toAt)];
    expect(gripAt(left - 5, scale, shown)).toBe("from");
    expect(gripAt(left + 5, scale, shown)).toBe("from");
    expect(gripAt((left + right) / 2, scale, shown)).toBe("window");
    expect(gripAt(right + 5, scale, shown)).toBe("to");
    expect(gripAt(right + 30, scale, shown)).toBe("rail");
    expect(gripAt(left - 30, scale, shown)).toBe("rail");
  });

  it("can be taken and moved when it is narrower than a pixel", () => {
    const narrow = { fromAt: NOW - 5 * HOUR, toAt: NOW - 5 * HOUR + MIN };
    expect(gripAt(scale.xOf(narrow.fromAt), scale, narrow)).toBe("window");
    expect(gripAt(scale.xOf(narrow.fromAt) - 9, scale, narrow)).toBe("from");
    expect(gripAt(scale.xOf(narrow.fromAt) + 9, scale, narrow)).toBe("to");
  });

  it("keeps on the rail, its length when it is moved, and its other edge when it is resized", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("from", "to", "window" as const),
        fc.integer({ min: -2 * DAY, max: 2 * DAY }),
        (grip, by) => {
          const next = dragged(grip as "from", shown, by, scale, MIN);
          expect(next.fromAt).toBeGreaterThanOrEqual(scale.fromAt);
          expect(next.toAt).toBeLessThanOrEqual(scale.toAt);
          expect(next.toAt - next.fromAt).toBeGreaterThanOrEqual(MIN);
          if (grip === "window") expect(next.toAt - next.fromAt).toBe(5 * HOUR);
          if (grip === "from") expect(next.toAt).toBe(shown.toAt);
          if (grip === "to") expect(next.fromAt).toBe(shown.fromAt);
        },
      ),
    );
  });

  it("is brought to where somebody points, and stays on the rail there", () => {
    expect(around(NOW - 12 * HOUR, HOUR, scale)).toEqual({ fromAt: NOW - 12.5 * HOUR, toAt: NOW - 11.5 * HOUR });
    expect(around(NOW, HOUR, scale)).toEqual({ fromAt: NOW - HOUR, toAt: NOW });
    expect(around(scale.fromAt, HOUR, scale)).toEqual({ fromAt: scale.fromAt, toAt: scale.fromAt + HOUR });
  });

  it("moves by keys: a window, an hour, to the ends", () => {
    expect(stepOf("ArrowLeft", 5 * MIN)).toEqual({ byMs: -5 * MIN });
    expect(stepOf("ArrowRight", 5 * MIN)).toEqual({ byMs: 5 * MIN });
    expect(stepOf("PageDown", 5 * MIN)).toEqual({ byMs: -HOUR });
    expect(stepOf("PageUp", 5 * MIN)).toEqual({ byMs: HOUR });
    expect(stepOf("Home", 5 * MIN)).toEqual({ to: "oldest" });
    expect(stepOf("End", 5 * MIN)).toEqual({ to: "live" });
    expect(stepOf("a", 5 * MIN)).toBeNull();
  });

  it("is in whole seconds, at least a minute, and never after now", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -DAY, max: DAY, noNaN: true }),
        fc.double({ min: 0, max: 900 * DAY, noNaN: true }),
        (offset, length) => {
          const { fromAt, toAt } = clampRange({ fromAt: NOW + offset, toAt: NOW + offset + length }, NOW + 456);
          expect(toAt).toBeLessThanOrEqual(NOW);
          expect(toAt - fromAt).toBeGreaterThanOrEqual(MIN);
          expect(toAt - fromAt).toBeLessThanOrEqual(400 * DAY);
          expect([fromAt % 1000, toAt % 1000]).toEqual([0, 0]);
        },
      ),
    );
    const exact = { fromAt: NOW - 2 * HOUR, toAt: NOW - HOUR };
    expect(clampRange(exact, NOW)).toEqual(exact);
  });
});

describe("marks", () => {
  const scale = new RailScale(NOW, DAY, 1000);
  const event = (ago: number, kind: HistoryEventKind, attributes = {}): HistoryEvent => ({
    at: NOW - ago,
    kind,
    node: "chat/a",
    subject: "",
    text: "",
    attributes,
  });

  it("of things that happened close to each other are one, as the worst of them", () => {
    const marks = marksOf(
      [
        event(2 * HOUR, "alert.fired"),
        event(2 * HOUR + MIN, "node.started"),
        event(2 * HOUR + 2 * MIN, "node.started"),
        event(10 * HOUR, "test.started"),
        event(3 * DAY, "node.started"),
      ],
      scale,
    );
    expect(marks).toEqual([
      { at: NOW - 10 * HOUR, shape: "flag", label: "1 test" },
      { at: NOW - 2 * HOUR - 2 * MIN, shape: "triangle", label: "1 alert, 2 processes started" },
    ]);
  });

  it("are there at once, though the end of a long rail moves on in steps of half a pixel", () => {
    const halfPx = DAY / 1000 / 2;
    const stood = new RailScale(NOW - halfPx, DAY, 1000);
    expect(marksOf([event(1, "node.started")], stood)).toHaveLength(1);
    expect(marksOf([event(-HOUR, "node.started")], stood)).toEqual([]);
  });

  it("are gone through one after the other", () => {
    const marks = marksOf(
      [event(10 * HOUR, "node.started"), event(2 * HOUR, "alert.fired", { severity: "critical" })],
      scale,
    );
    expect(marks[1]?.shape).toBe("disc");
    expect(nextMark(marks, NOW, -1, 2000)).toBe(marks[1]);
    expect(nextMark(marks, NOW - 2 * HOUR, -1, 2000)).toBe(marks[0]);
    expect(nextMark(marks, NOW - 10 * HOUR, 1, 2000)).toBe(marks[1]);
    expect(nextMark(marks, NOW - 2 * HOUR, 1, 2000)).toBeNull();
    // The middle of a window is in whole seconds and may lie just beside its mark.
    expect(nextMark(marks, NOW - 2 * HOUR - 1000, 1, 2000)).toBeNull();
    expect(nextMark(marks, NOW - 10 * HOUR + 1000, -1, 2000)).toBeNull();
  });
});

describe("a window that is dragged", () => {
  const scale = new RailScale(NOW, DAY, 1000);

  it("takes the page along while it moves, not only where it is let go", () => {
    const told: unknown[] = [];
    const app = { time: { lookAt: (...args: readonly unknown[]) => told.push(args) } } as unknown as App;
    const shown = { fromAt: NOW - 13 * HOUR, toAt: NOW - 11 * HOUR };
    const long = { toldAt: Number.NEGATIVE_INFINITY };
    const taken = { ...startDrag(500, scale, shown), ...long };
    const still = moveDrag(app, taken, 501, scale);
    expect([still.moved, told]).toEqual([false, []]);
    const once = moveDrag(app, taken, 400, scale);
    expect(told).toEqual([[once.range, false]]);
    expect(once.range.fromAt).toBeCloseTo(NOW - 13 * HOUR - DAY / 10, -4);
    const twice = moveDrag(app, { ...once, ...long }, 300, scale);
    expect(told[1]).toEqual([twice.range, true]);
  });
});

describe("the curve of the rail", () => {
  const live = (from: number, values: readonly number[]) => ({
    at: Float64Array.from(values, (_, i) => (from + i * 1000) / 1000),
    value: Float64Array.from(values),
    length: values.length,
  });

  it("ends with the live seconds, and no step of history is drawn over them", () => {
    const curve = { fromAt: NOW - 4 * MIN, toAt: NOW, stepMs: MIN, values: [1, 2, 3, 4] };
    const { at, value } = joinCurve(curve, live(NOW - 90_000, new Array(90).fill(9)), 30_000);
    expect(value).toEqual([1, 2, 9, 9, 9]);
    expect(at.every((each, i) => i === 0 || each > (at[i - 1] ?? 0))).toBe(true);
  });

  it("breaks where history says nothing, and where it is too old to reach the live seconds", () => {
    const gap = { fromAt: NOW - 5 * MIN, toAt: NOW - 2 * MIN, stepMs: MIN, values: [1, null, 3] };
    const { value } = joinCurve(gap, live(NOW - 10_000, [7, 7]), 30_000);
    expect(value).toEqual([1, Number.NaN, 3, Number.NaN, 7]);
  });

  it("is that of the live seconds alone while there is no history", () => {
    expect(joinCurve(null, live(NOW - 3000, [Number.NaN, 5, 6]), 1000).value).toEqual([5, 6]);
  });

  it("is asked for at once, again each minute, and at once for another length; nothing is asked after it was closed", async () => {
    const clock = new HandClock(NOW);
    const asked: number[] = [];
    const data = new RailData({
      clock,
      now: () => clock.now(),
      api: {
        query: async ({ fromAt, toAt }) => {
          asked.push(toAt - fromAt);
          const line = { labels: {}, values: [null, 4], coverage: 1, whole: 4 };
          const result = {
            selector: { metric: "m", agg: "mean" as const },
            unit: "1" as const,
            lines: [line],
            leftOut: 0,
          };
          return { fromAt, toAt, stepMs: (toAt - fromAt) / 2, resolutionMs: 1000, coverage: 1, results: [result] };
        },
        events: async () => [],
      },
    });
    data.follow(DAY, null);
    clock.advance(0);
    await until(() => data.answered.value);
    expect(data.oldestAt.value).toBe(NOW - DAY / 2);
    clock.advance(MIN);
    await until(() => asked.length === 2);
    await Promise.resolve();
    data.follow(HOUR, null);
    clock.advance(1000);
    await until(() => asked.length === 3);
    expect(asked).toEqual([DAY, DAY, HOUR]);
    await new Promise((resolve) => setImmediate(resolve));
    data.close();
    data.close();
    expect(clock.timers).toBe(0);
  });
});
