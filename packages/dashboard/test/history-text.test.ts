import { CATALOGUE, HISTORY_AGGREGATES, type HistorySelector, type Selector } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { figureText, parseFigure, splitsOf } from "../src/history/figure-text.ts";
import { figuresOfLines, pastOf } from "../src/history/past-of.ts";
import { roundedText, verdict } from "../src/pages/history/compare.tsx";
import { factsText } from "../src/pages/history/event-facts.ts";
import { readLocal, writeLocal } from "../src/pages/history/local-time.ts";
import { figureTitle, lineTitle, metricTitle } from "../src/pages/history/names.ts";
import { FIRST_FIGURES, formatHistory, otherFrom, parseHistory } from "../src/pages/history/place.ts";
import { isMidnight, timeLabels } from "../src/pages/history/time-axis.ts";
import { formatPlace, parsePlace } from "../src/state/route.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Any figure that the page can ask for, with labels as awkward as applications make them. */
const figures: fc.Arbitrary<HistorySelector> = fc.constantFrom(...CATALOGUE).chain((metric) => {
  const value = fc.string({ minLength: 0, maxLength: 20, unit: "grapheme" });
  const where =
    metric.attributes.length === 0
      ? fc.constant({})
      : fc.dictionary(fc.constantFrom(...metric.attributes), value, { maxKeys: 3 });
  return fc
    .record({
      agg: fc.constantFrom(...HISTORY_AGGREGATES[metric.kind].filter((agg) => agg !== "octave")),
      where,
      node: fc.constantFrom(null, "chat/web-1", "shop.api/10.0.0.7:3000"),
      by: fc.subarray([...splitsOf(metric)], { maxLength: 2 }),
      top: fc.constantFrom(null, 1, 5, 50),
    })
    .map(({ agg, where: labels, node, by, top }) => ({
      metric: metric.name,
      agg,
      ...(Object.keys(labels).length === 0 ? {} : { where: labels }),
      ...(node === null ? {} : { nodes: [node] }),
      ...(by.length === 0 ? {} : { by }),
      ...(top === null ? {} : { top }),
    }));
});

describe("a figure as text", () => {
  it("reads as it would be said", () => {
    expect(
      figureText({
        metric: "websocket.server.message.latency",
        agg: "p95",
        where: { source: "ack" },
        nodes: ["chat/web-1"],
        by: ["node"],
        top: 5,
      }),
    ).toBe('p95(websocket.server.message.latency{source="ack"}) on chat/web-1 by node top 5');
  });

  it("comes back from text, and from an address, as it was", () => {
    fc.assert(
      fc.property(figures, (figure) => {
        expect(parseFigure(figureText(figure))).toEqual(figure);
        const params = formatHistory({ ...parseHistory({}), figures: [figure] });
        const { params: read } = parsePlace(
          `http://h/${formatPlace({ page: "history", windowMs: 300_000, node: null, range: null, params })}`,
        );
        expect(parseHistory(read).figures).toEqual([figure]);
      }),
    );
  });

  it.each([
    "",
    "p95",
    "p95(no.such.metric)",
    "p95(websocket.server.messages)",
    'rate(websocket.server.messages{nonsense="1"})',
    'rate(websocket.server.messages{direction="in)',
    "rate(websocket.server.messages) by colour",
    "rate(websocket.server.messages) top 0",
    "octave(websocket.server.message.latency)",
    "rate(websocket.server.messages); drop",
  ])("is refused when it makes no sense: %s", (text) => {
    expect(parseFigure(text)).toBeNull();
  });
});

describe("the past of what is live", () => {
  const node = "chat/web-1";

  it("takes a gauge's reading as the mean of its interval, and the rest as it is", () => {
    expect(pastOf({ metric: "websocket.server.active_connections", agg: "last", node })).toEqual({
      metric: "websocket.server.active_connections",
      agg: "mean",
      nodes: [node],
    });
    expect(pastOf({ metric: "websocket.server.messages", agg: "rate", where: { direction: "in" } })).toEqual({
      metric: "websocket.server.messages",
      agg: "rate",
      where: { direction: "in" },
    });
  });

  it("makes one split figure of lines that differ by node alone, or by one attribute", () => {
    const byNode = ["a/1", "a/2", "a/3"].map(
      (each): Selector => ({ metric: "websocket.server.active_connections", agg: "last", node: each }),
    );
    expect(figuresOfLines(byNode)).toEqual([
      { metric: "websocket.server.active_connections", agg: "mean", by: ["node"] },
    ]);
    const byDirection = ["in", "out"].map(
      (direction): Selector => ({ metric: "websocket.server.messages", agg: "rate", where: { direction } }),
    );
    expect(figuresOfLines(byDirection)).toEqual([
      { metric: "websocket.server.messages", agg: "rate", by: ["direction"] },
    ]);
  });

  it("keeps lines apart that differ otherwise, and makes a p95 of a heatmap", () => {
    const lines: readonly Selector[] = [
      { metric: "websocket.server.messages", agg: "rate" },
      { metric: "websocket.server.messages", agg: "rate", where: { direction: "in" } },
    ];
    expect(figuresOfLines(lines)).toEqual(lines.map(pastOf));
    const rows = [-3, -2, -1].map(
      (octave): Selector => ({ metric: "websocket.server.message.latency", agg: "octave", octave }),
    );
    expect(figuresOfLines(rows)).toEqual([{ metric: "websocket.server.message.latency", agg: "p95" }]);
  });
});

describe("the page's part of an address", () => {
  it("is empty for what is shown first, and says all else", () => {
    const first = parseHistory({});
    expect(first.figures).toEqual(FIRST_FIGURES);
    expect(formatHistory(first)).toEqual({});
    const changed = {
      ...first,
      tab: "compare" as const,
      last: "7d" as const,
      trend: true,
      versus: 1_700_000_000_000,
      own: true,
      kinds: ["error", "node.gone"] as const,
    };
    expect(parseHistory(formatHistory(changed))).toEqual(changed);
    expect(parseHistory(formatHistory({ ...first, figures: [] })).figures).toEqual([]);
  });

  it("names what it can't read and shows the rest", () => {
    const { figures: shown, refused } = parseHistory({
      f1: "rate(websocket.server.messages)",
      f2: "rate(gone.metric)",
    });
    expect(shown).toEqual([{ metric: "websocket.server.messages", agg: "rate" }]);
    expect(refused).toEqual(["rate(gone.metric)"]);
    expect(parseHistory({ tab: "x", last: "9y", vs: "-3", kinds: "what" })).toEqual(parseHistory({}));
  });

  it("knows where the other period begins", () => {
    const toAt = 10 * DAY_MS;
    const fromAt = toAt - HOUR_MS;
    expect(otherFrom("previous", fromAt, toAt)).toBe(fromAt - HOUR_MS);
    expect(otherFrom("day", fromAt, toAt)).toBe(fromAt - DAY_MS);
    expect(otherFrom("week", fromAt, toAt)).toBe(fromAt - 7 * DAY_MS);
    expect(otherFrom(5, fromAt, toAt)).toBe(5);
  });
});

describe("times of a person's clock", () => {
  /** Berlin in October 2026: two hours ahead, one from the 25th at 01:00 UTC. */
  const changeAt = Date.UTC(2026, 9, 25, 1);
  const berlin = (at: number): number => (at < changeAt ? 2 : 1) * HOUR_MS;

  it("labels days at midnight, also where the clock was changed meanwhile", () => {
    const labels = timeLabels(Date.UTC(2026, 9, 23), Date.UTC(2026, 9, 28), 500, berlin);
    expect(labels.length).toBeGreaterThan(2);
    expect(labels.every((at) => isMidnight(at, berlin))).toBe(true);
    expect(labels).toContain(Date.UTC(2026, 9, 23, 22));
    expect(labels).toContain(Date.UTC(2026, 9, 25, 23));
  });

  it("keeps labels apart and inside", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 400 * DAY_MS }), fc.integer({ min: 200, max: 2000 }), (ms, width) => {
        const labels = timeLabels(1e12, 1e12 + ms, width, () => 0);
        for (const [index, at] of labels.entries()) {
          expect(at).toBeGreaterThanOrEqual(1e12);
          expect(at).toBeLessThanOrEqual(1e12 + ms);
          if (index > 0) expect(((at - (labels[index - 1] ?? 0)) / ms) * width).toBeGreaterThan(69);
        }
      }),
    );
  });

  it("writes and reads a field by the same clock", () => {
    for (const at of [changeAt - 5 * HOUR_MS, changeAt + 5 * HOUR_MS]) {
      expect(readLocal(writeLocal(at, berlin), berlin)).toBe(at);
    }
    expect(writeLocal(changeAt - 5 * HOUR_MS, berlin)).toBe("2026-10-24T22:00:00");
    expect(readLocal("2026-10-26T09:30", berlin)).toBe(Date.UTC(2026, 9, 26, 8, 30));
    expect(readLocal("", berlin)).toBeNaN();
  });
});

describe("names for people", () => {
  it("says metrics, figures and lines in words", () => {
    expect(metricTitle("websocket.server.message.latency")).toBe("Message latency");
    expect(metricTitle("nodejs.eventloop.lag")).toBe("Event loop lag");
    expect(new Set(CATALOGUE.map(({ name }) => metricTitle(name))).size).toBe(CATALOGUE.length);
    const figure: HistorySelector = { metric: "http.server.request.duration", agg: "p95", by: ["http.route"] };
    expect(figureTitle(figure)).toBe("HTTP request duration, p95, by route");
    expect(lineTitle(figure, { "http.route": "/api" }, true)).toBe("/api");
    expect(lineTitle(figure, { "http.route": "" }, false)).toBe("HTTP request duration, p95: (none)");
  });
});

describe("what an event has beside its text", () => {
  it("is told with units, and without what says nothing", () => {
    const attributes = { server: "socket.io", durationMs: 49_782, messagesIn: 78, messagesOut: 1205, bytesIn: 3604 };
    const closed = { ...attributes, bytesOut: 71_907, bufferedHighBytes: 0, rttMs: 1.58 };
    expect(factsText({ attributes: closed })).toBe(
      "socket.io · open 49.8 s · messages 78 in, 1,205 out · 3.6 kB in, 72 kB out · round trip 1.6 ms",
    );
    expect(factsText({ attributes: { bufferedHighBytes: 20_000 } })).toBe("buffered at most 20 kB");
  });

  it("leaves out nothing that it does not know", () => {
    expect(factsText({ attributes: { pid: 42, host: "web-1" } })).toBe("pid 42 · host web-1");
    expect(factsText({ attributes: {} })).toBe("");
  });
});

describe("what is said of a comparison", () => {
  const row = (state: "outside" | "inside" | "no-data" | "not-enough-history") => ({
    line: { usual: { state, z: null, samples: 0, median: null, spread: null } },
  });

  it("calls nothing usual that could not be judged", () => {
    expect(verdict([row("no-data"), row("not-enough-history")])).toBe("too little history to say what is usual");
    expect(verdict([row("inside"), row("inside")])).toBe("nothing outside the usual");
    expect(verdict([row("outside"), row("no-data")])).toBe(
      "1 outside the usual, listed first · 1 not judged, for want of data",
    );
  });

  it("says when the periods are a little longer than those that were asked for", () => {
    const period = { fromAt: 4_000, toAt: 304_000 };
    expect(roundedText({ fromAt: 0, toAt: 310_000, resolutionMs: 10_000 }, period)).toBe(
      ", both widened to whole intervals of 10 s",
    );
    expect(roundedText({ ...period, resolutionMs: 1000 }, period)).toBe("");
  });
});
