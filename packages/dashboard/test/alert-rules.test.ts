import type { AlertRow, AlertRule, BackTestLine } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { limitScale, rangeOf } from "../src/pages/alerts/rules/limit-scale.ts";
import { readQuantity, writeQuantity } from "../src/pages/alerts/rules/quantities.ts";
import { draftOf, newDraft, readDraft } from "../src/pages/alerts/rules/rule-draft.ts";
import { ruleSentence } from "../src/pages/alerts/rules/rule-words.ts";
import { chartMarks, spansOf } from "../src/watch/chart-marks.ts";
import { NewAlerts } from "../src/watch/new-alerts.ts";

const NOW = 1_800_000_000_000;

const LAG: AlertRule = {
  id: "event-loop-lag",
  name: "Event-loop lag",
  kind: "threshold",
  metric: "nodejs.eventloop.lag",
  agg: "p99",
  filter: {},
  windowSec: 60,
  groupBy: ["node"],
  op: "gt",
  warn: 0.1,
  crit: 1,
  recovery: 0.09,
  severity: "warning",
  wilson: false,
  burnRate: null,
  expression: null,
  forSec: 60,
  keepFiringSec: 60,
  everySec: 5,
  minSamples: 1,
  noData: { mode: "keep", afterSec: 300 },
  flap: { transitions: 4, windowSec: 1800, holdSec: 900 },
  labels: { team: "chat" },
  summary: "",
  description: "",
  runbookUrl: "",
  repeatSec: 14_400,
  maxRepeats: null,
  enabled: true,
  builtin: true,
  version: 3,
  createdBy: "",
  updatedAt: NOW,
};

function row(change: Partial<AlertRow> = {}): AlertRow {
  return {
    fingerprint: "f",
    ruleId: LAG.id,
    name: LAG.name,
    labels: { node: "demo/a" },
    status: "firing",
    severity: "warning",
    summary: "Event-loop lag on a is 200 ms, limit 100 ms",
    metric: LAG.metric,
    unit: "s",
    value: 0.2,
    limit: 0.1,
    peak: 0.3,
    peakAt: NOW,
    activeAt: NOW - 60_000,
    firedAt: NOW,
    evaluatedAt: NOW,
    episodeId: "E1",
    stale: false,
    flapping: false,
    ack: null,
    snoozeUntil: null,
    suppressedBy: [],
    culprits: [],
    runbookUrl: "",
    ...change,
  };
}

describe("figures as people type them", () => {
  it.each([
    [0.1, "s", "100 ms"],
    [120, "s", "2 min"],
    [90, "s", "90 s"],
    [14_400, "s", "4 h"],
    [0.0004, "s", "400 µs"],
    [0, "s", "0 s"],
    [0.85, "1", "85 %"],
    [0.002, "1", "0.2 %"],
    [20e6, "By", "20 MB"],
    [1.5e6, "By/s", "1.5 MB"],
    [50, "{job}", "50"],
    [-3, "{job}", "-3"],
  ])("%d of %s is written %s, and read back", (value, unit, text) => {
    expect(writeQuantity(value, unit)).toBe(text);
    expect(readQuantity(text, unit)).toBeCloseTo(value, 12);
  });

  it("takes a bare number in the usual unit, a comma and any spacing, and nothing that has no meaning", () => {
    expect(readQuantity("1,5", "s")).toBe(1.5);
    expect(readQuantity("85", "1")).toBe(0.85);
    expect(readQuantity("  3mb ", "By")).toBe(3e6);
    expect(readQuantity("2m", "s")).toBe(120);
    for (const text of ["", "fast", "10 km", "1 2", "--1"]) expect(readQuantity(text, "s")).toBeNull();
  });
});

describe("a rule in the form", () => {
  it("comes out as it went in, whatever its kind", () => {
    const { id: _id, builtin: _b, version: _v, createdBy: _c, updatedAt: _u, ...body } = LAG;
    expect(readDraft(draftOf(LAG))).toEqual({ body, mistakes: {} });
    const composite: AlertRule = {
      ...LAG,
      kind: "composite",
      warn: null,
      crit: null,
      recovery: null,
      metric: "queue.workers",
      agg: "last",
      windowSec: 10,
      expression: {
        all: [
          { when: { metric: "queue.workers", agg: "last", filter: {}, windowSec: 10, op: "eq", limit: 0 } },
          { not: { rule: "host-memory" } },
          {
            any: [
              { when: { metric: LAG.metric, agg: "p99", filter: {}, windowSec: 60, op: "inside", limit: [0.1, 0.2] } },
            ],
          },
        ],
      },
    };
    expect(readDraft(draftOf(composite)).body).toMatchObject({
      expression: composite.expression,
      metric: "queue.workers",
      windowSec: 10,
      warn: null,
    });
    const burn: AlertRule = {
      ...LAG,
      kind: "burn_rate",
      metric: "websocket.server.error_ratio",
      agg: "value",
      warn: null,
      crit: null,
      recovery: null,
      burnRate: { objective: 0.99, windows: [{ longSec: 3600, shortSec: 300, factor: 14.4, severity: "critical" }] },
    };
    expect(readDraft(draftOf(burn)).body?.burnRate).toEqual(burn.burnRate);
  });

  it("names each field that can't be read as the hub would", () => {
    const draft = { ...newDraft(), warn: { low: "soon", high: "" }, lasts: "1.5 s", repeat: "x" };
    const { body, mistakes } = readDraft(draft);
    expect(body).toBeNull();
    expect(Object.keys(mistakes).sort()).toEqual(["forSec", "name", "repeatSec", "warn"]);
    expect(readDraft({ ...newDraft(), name: "n" }).mistakes).toEqual({
      warn: "expected a limit here, or a critical one",
    });
  });

  it("is a sentence in the list", () => {
    expect(ruleSentence(LAG)).toBe("Event loop lag p99 above 100 ms, critical 1 s for 1 min, each node by itself");
    expect(ruleSentence({ ...LAG, op: "inside", warn: [0.1, 0.2], crit: null, forSec: 0, groupBy: [] })).toBe(
      "Event loop lag p99 from 100 ms to 200 ms",
    );
    const messages = {
      metric: "websocket.server.messages",
      agg: "rate",
      warn: 40,
      crit: 90,
      forSec: 0,
      groupBy: [],
    } as const;
    expect(ruleSentence({ ...LAG, ...messages })).toBe("Messages rate above 40/s, critical 90/s");
  });
});

describe("the scale on which limits are dragged", () => {
  const line = (...values: (number | null)[]): BackTestLine => ({ labels: {}, values });

  it("begins at zero, or near data that is far from it", () => {
    expect(rangeOf([line(0.01, 0.3, null)], [])[0]).toBe(0);
    const [low, high] = rangeOf([line(0.99, 1)], [0.98]);
    expect(low).toBeGreaterThan(0.9);
    expect(high).toBeGreaterThan(1);
    expect(rangeOf([], [])).toEqual([0, 1]);
  });

  it("holds a limit in reach, and leaves out one that would flatten everything", () => {
    expect(rangeOf([line(0.1)], [0.3])[1]).toBeGreaterThan(0.3);
    expect(rangeOf([line(0.1)], [100])[1]).toBeLessThan(1);
  });

  it("gives round values for every place, and the place for a value back", () => {
    const scale = limitScale([0, 1], 260);
    const value = scale.valueAt(133);
    expect(value).toBe(Number(value.toPrecision(3)));
    expect(Math.abs(scale.yOf(value) - 133)).toBeLessThan(2);
  });
});

describe("what alerts add to charts", () => {
  const p99 = { metric: LAG.metric, agg: "p99" } as const;

  it("is the limits of the rules about a line, named where there are several lines", () => {
    const marks = chartMarks([LAG, { ...LAG, id: "off", enabled: false, warn: 5 }], []);
    expect(marks.of([p99], null).limits.map(({ label }) => label)).toEqual(["limit 100 ms", "critical 1 s"]);
    expect(marks.of([p99, { ...p99, agg: "p50" }], null).limits[0]?.label).toBe("p99 limit 100 ms");
    expect(marks.of([{ ...p99, agg: "p50" }], null).limits).toEqual([]);
    expect(chartMarks([{ ...LAG, filter: { nodes: ["demo/b"] } }], []).of([p99], null).limits).toEqual([]);
  });

  it("is a band for each firing, one that goes on without an end, those of another node left out", () => {
    const over = { ...row({ episodeId: "E0" }), id: "E0", startedAt: NOW - 9000, endedAt: NOW - 5000 };
    const spans = spansOf([row()], [over as never, { ...over, id: "E1" } as never]);
    expect(spans.map(({ fromAt, toAt }) => [fromAt, toAt])).toEqual([
      [NOW, null],
      [NOW - 9000, NOW - 5000],
    ]);
    const marks = chartMarks([LAG], spans);
    expect(marks.of([p99], null).bands[0]).toMatchObject({ label: "Event-loop lag · a", color: "warn-fill" });
    expect(marks.of([p99], "demo/a").bands).toHaveLength(2);
    expect(marks.of([p99], "demo/b").bands).toEqual([]);
  });
});

describe("what is said of new alerts", () => {
  it("begins with what fires after the page was opened", () => {
    const news = new NewAlerts();
    expect(news.take([row()], 0)).toBeNull();
    expect(news.take([row()], 1000)).toBeNull();
    expect(news.take([row(), row({ episodeId: "E2", severity: "critical" })], 2000)).toMatchObject({
      text: "Critical alert: Event-loop lag on a is 200 ms, limit 100 ms",
      episodeId: "E2",
    });
  });

  it("comes at most once in ten seconds, several together, and nothing of what is over by then", () => {
    const news = new NewAlerts();
    news.take([], 0);
    expect(news.take([row()], 1000)?.episodeId).toBe("E1");
    const [two, three, four] = ["E2", "E3", "E4"].map((episodeId) => row({ episodeId }));
    expect(news.take([row(), two, three] as AlertRow[], 2000)).toBeNull();
    expect(news.take([row(), three, four] as AlertRow[], 10_999)).toBeNull();
    expect(news.take([row(), three, four] as AlertRow[], 11_000)).toMatchObject({
      episodeId: null,
      severity: "warning",
    });
    expect(news.take([row(), three, four] as AlertRow[], 60_000)).toBeNull();
  });

  it("is nothing of what only breaches, or is silenced", () => {
    const news = new NewAlerts();
    news.take([], 0);
    expect(news.take([row({ status: "pending", episodeId: null, firedAt: null })], 1000)).toBeNull();
    expect(news.take([row({ suppressedBy: [{ by: "silence", id: "s", until: null }] })], 2000)).toBeNull();
  });
});
