import {
  CATALOGUE,
  findMetric,
  MAX_SELECTORS,
  parseSelector,
  parseSelectors,
  selectorKey,
  selectorScale,
  selects,
  seriesKey,
  WsightError,
} from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const MESSAGES = "websocket.server.messages";

describe("selectors", () => {
  it("that are right come back as they were", () => {
    const selector = { metric: MESSAGES, agg: "rate", where: { direction: "in" }, node: "app/one", window: 60 };
    expect(parseSelector(selector)).toEqual(selector);
    expect(parseSelector({ metric: "websocket.server.rtt", agg: "octave", octave: -3, extra: 1 })).toEqual({
      metric: "websocket.server.rtt",
      agg: "octave",
      octave: -3,
    });
  });

  it.each([
    [5, "selector: expected an object, got 5"],
    [{ agg: "rate" }, "metric: expected a string, got undefined"],
    [{ metric: "no.such", agg: "rate" }, 'metric: expected a metric of the catalogue, got "no.such"'],
    [{ metric: MESSAGES, agg: "p99" }, `agg of ${MESSAGES}: expected one of rate, total, got "p99"`],
    [
      { metric: "websocket.server.rtt", agg: "octave" },
      "octave: expected a whole number from -20 to 32, got undefined",
    ],
    [{ metric: "websocket.server.rtt", agg: "octave", octave: 33 }, "octave: expected a number from -20 to 32, got 33"],
    [{ metric: MESSAGES, agg: "rate", window: 901 }, "window: expected a number from 1 to 900, got 901"],
    [{ metric: MESSAGES, agg: "rate", window: 1.5 }, "window: expected a whole number, got 1.5"],
    [
      { metric: MESSAGES, agg: "rate", where: { user: "x" } },
      "where: expected attributes ws.library, ws.server, direction, kind, event",
    ],
    [{ metric: MESSAGES, agg: "rate", where: { kind: 5 } }, "where kind: expected a string, got 5"],
    [{ metric: MESSAGES, agg: "rate", node: "x".repeat(200) }, "node: expected at most 129 characters"],
  ])("like %j are refused with what was expected and got", (value, words) => {
    expect(() => parseSelector(value)).toThrow(words);
    expect(() => parseSelector(value)).toThrow(WsightError);
  });

  it("are at most so many", () => {
    const many = Array.from({ length: MAX_SELECTORS + 1 }, () => ({ metric: MESSAGES, agg: "rate" }));
    expect(() => parseSelectors(many)).toThrow(`series: expected at most ${MAX_SELECTORS} items`);
  });

  it("of anything at all are refused, never more", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseSelectors(value);
        } catch (error) {
          expect(error).toBeInstanceOf(WsightError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("have one key for one meaning, and different keys for different ones", () => {
    const one = selectorKey({ metric: MESSAGES, agg: "rate", where: { kind: "text", direction: "in" } });
    expect(selectorKey({ metric: MESSAGES, agg: "rate", where: { direction: "in", kind: "text" } })).toBe(one);
    const others = [
      { metric: MESSAGES, agg: "total", where: { kind: "text", direction: "in" } },
      { metric: MESSAGES, agg: "rate", where: { kind: "text", direction: "out" } },
      { metric: MESSAGES, agg: "rate", where: { kind: "text", direction: "in" }, node: "a/b" },
      { metric: MESSAGES, agg: "rate", where: { kind: "text", direction: "in" }, window: 5 },
      { metric: "websocket.server.rtt", agg: "octave", octave: 5 },
      { metric: "websocket.server.rtt", agg: "octave", octave: 5, window: 60 },
      { metric: "websocket.server.rtt", agg: "octave", octave: 60 },
    ] as const;
    expect(new Set([one, ...others.map(selectorKey)]).size).toBe(others.length + 1);
  });

  it("choose series by metric and labels", () => {
    const metric = findMetric(MESSAGES);
    if (metric === undefined) throw new Error("unreachable");
    const selector = { metric: MESSAGES, agg: "rate", where: { direction: "in" } } as const;
    expect(selects(selector, metric, { direction: "in", kind: "text" })).toBe(true);
    expect(selects(selector, metric, { direction: "out" })).toBe(false);
    expect(selects({ metric: MESSAGES, agg: "rate" }, metric, {})).toBe(true);
  });

  it("have a scale by unit", () => {
    expect(selectorScale({ metric: "websocket.server.rtt", agg: "p99" })).toBe(1e6);
    expect(selectorScale({ metric: "nodejs.eventloop.utilization", agg: "last" })).toBe(1e4);
    expect(selectorScale({ metric: "process.memory.usage", agg: "last" })).toBe(1);
    expect(selectorScale({ metric: MESSAGES, agg: "rate" })).toBe(100);
  });
});

describe("the catalogue", () => {
  it("names each metric once, and knows it by that name", () => {
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
    for (const metric of CATALOGUE) expect(findMetric(metric.name)).toBe(metric);
  });
});

describe("series keys", () => {
  it("differ when labels do, however they are quoted, and not by their order", () => {
    const labels = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(labels, labels, (one, two) => {
        const same = JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(two).sort());
        expect(seriesKey("m", one) === seriesKey("m", two)).toBe(same);
      }),
    );
  });
});
