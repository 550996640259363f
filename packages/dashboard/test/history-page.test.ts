import type { HistoryAnswer, HistoryTrendAnswer } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { csvOf, toJson } from "../src/charts/chart-actions.ts";
import type { ChartTable } from "../src/charts/chart-table.ts";
import { fileName } from "../src/format/download.ts";
import { duration, rate } from "../src/format/quantity.ts";
import { figureText } from "../src/history/figure-text.ts";
import { chartsOf, gridOf, provenance, trendLines } from "../src/pages/history/charts-of.ts";
import { createHistoryApi } from "../src/pages/history/history-api.ts";
import { gapsOf } from "../src/pages/history/range-plot.ts";
import { readKnown, valuesOf } from "../src/pages/history/series-known.ts";
import { formatOf, unitWord } from "../src/pages/history/units.ts";

const LATENCY = { metric: "websocket.server.message.latency", agg: "p95" } as const;
const MESSAGES = { metric: "websocket.server.messages", agg: "rate", by: ["direction"], top: 1 } as const;

const ANSWER: HistoryAnswer = {
  fromAt: 60_000,
  toAt: 180_000,
  stepMs: 30_000,
  resolutionMs: 10_000,
  coverage: 0.75,
  results: [
    {
      selector: LATENCY,
      unit: "s",
      lines: [{ labels: {}, values: [0.1, null, 0.3, 0.2], whole: 0.25, coverage: 0.75 }],
      leftOut: 0,
    },
    {
      selector: MESSAGES,
      unit: "{message}/s",
      lines: [
        {
          labels: { direction: "out" },
          values: [5, null, 7, 9],
          low: [4, null, 6, 8],
          high: [6, null, 8, 10],
          whole: 7,
          coverage: 0.75,
        },
      ],
      leftOut: 1,
    },
  ],
};

describe("charts of an answer", () => {
  it("puts figures of one unit on one chart, and says how their values came about", () => {
    const [times, rates] = chartsOf(ANSWER);
    expect(times?.title).toBe("Message latency, p95");
    expect(rates?.lines.map(({ label }) => label)).toEqual(["out"]);
    expect(times && provenance(ANSWER, times)).toEqual([
      "Resolution 30 s, from samples of 10 s",
      "data for 75 % of the time",
    ]);
    expect(rates && provenance(ANSWER, rates)).toEqual([
      "Resolution 30 s, from samples of 10 s",
      "data for 75 % of the time",
      "shaded: lowest to highest second",
      "the largest 1 lines, 1 left out",
    ]);
    const [both, ...others] = chartsOf({
      ...ANSWER,
      results: [
        ...ANSWER.results,
        { ...ANSWER.results[0], selector: { ...LATENCY, agg: "p50" }, unit: "s", lines: [], leftOut: 0 },
      ],
    });
    expect(both?.title).toBe("Times");
    expect(others).toHaveLength(1);
  });

  it("leaves a gap where no line has data", () => {
    expect(gapsOf(chartsOf(ANSWER)[0]?.lines ?? [], gridOf(ANSWER).length)).toEqual([[1, 2]]);
  });

  it("draws a trend from end to end, and none where there is none", () => {
    const [times] = chartsOf(ANSWER);
    const line = { slope: 1, slopeLow: 0, slopeHigh: 2, p: 0.01, points: 9, startValue: 0.1, endValue: 0.4 };
    const never = { reachesAt: null, reachesEarliestAt: null, reachesLatestAt: null };
    const trend = (of: HistoryTrendAnswer["lines"][number]["trend"]): ReadonlyMap<string, HistoryTrendAnswer> =>
      new Map([
        [figureText(LATENCY), { ...ANSWER, unit: "s", leftOut: 0, lines: [{ labels: {}, coverage: 1, trend: of }] }],
      ]);
    const grid = gridOf(ANSWER);
    if (times === undefined) throw new Error("expected a chart of times");
    const [drawn] = trendLines(times, grid, trend({ ...line, ...never }));
    expect(drawn?.values.at(0)).toBeCloseTo(0.1);
    expect(drawn?.values.at(-1)).toBeCloseTo(0.4);
    expect(trendLines(times, grid, trend(null))).toEqual([]);
  });

  it("knows what units mean", () => {
    expect(formatOf("{message}/s")(5)).toEqual({ text: "5", unit: "/s" });
    expect(formatOf("s/s")(0.5)).toEqual({ text: "50", unit: "%" });
    expect(formatOf("{connection}")(1234)).toEqual({ text: "1,234", unit: "" });
    expect(unitWord("{message}/s")).toBe("message/s");
  });
});

describe("files of a chart", () => {
  const table: ChartTable = {
    title: "Message rate",
    columns: ["p95", "=cmd()", "Note"],
    units: [duration, rate, null],
    rows: [{ at: 0, label: "00:00:00", values: [0.012, 5, "-1+1"], texts: [] }],
  };

  it("have units in their heads, base units in their cells, and no formulas", () => {
    expect(csvOf(table)).toBe("time,p95 (s),'=cmd() (1/s),Note\r\n1970-01-01T00:00:00.000Z,0.012,5,'-1+1");
    expect(JSON.parse(toJson(table))).toEqual({
      title: "Message rate",
      columns: [
        { name: "p95", unit: "s" },
        { name: "=cmd()", unit: "1/s" },
        { name: "Note", unit: "" },
      ],
      rows: [{ time: "1970-01-01T00:00:00.000Z", values: [0.012, 5, "-1+1"] }],
    });
  });

  it("name rows that are no moments", () => {
    const rows = [{ at: 0, label: "Latency", values: [1, 2, "x"], texts: [] }];
    expect(csvOf({ ...table, rowHead: "Figure", rows })).toBe("figure,p95 (s),'=cmd() (1/s),Note\r\nLatency,1,2,x");
  });

  it("are called after the chart", () => {
    expect(fileName("Message latency, p95 (ack)", "csv")).toBe("wsight-message-latency-p95-ack.csv");
  });
});

describe("questions about the past", () => {
  /** A hub that answers everything with `reply`, and what it was asked. */
  function hub(reply: unknown, status = 200) {
    const asked: { readonly url: string; readonly method: string; readonly body: unknown }[] = [];
    const api = createHistoryApi(new URL("http://h/tools/dashboard"), async (url, { method = "GET", body }) => {
      asked.push({ url, method, body: typeof body === "string" ? JSON.parse(body) : null });
      return new Response(JSON.stringify(reply), { status });
    });
    return { api, asked };
  }
  const { signal } = new AbortController();

  it("go to the hub beside the page", async () => {
    const { api, asked } = hub(ANSWER);
    const query = { fromAt: 1, toAt: 2, selectors: [LATENCY] };
    expect(await api.query(query, signal)).toEqual(ANSWER);
    expect(asked).toEqual([{ url: "http://h/tools/api/history/queries", method: "POST", body: query }]);
    expect(api.exportHref({ format: "csv", metrics: ["a.b", "c"], fromAt: 1, toAt: 2, node: "chat/web-1" })).toBe(
      "http://h/tools/api/history/export?format=csv&from=1&to=2&metric=a.b&metric=c&node=chat%2Fweb-1",
    );
  });

  it("say why they have no answer", async () => {
    const { api } = hub({ error: { code: "STORE_UNAVAILABLE", message: "This hub keeps no history" } }, 503);
    await expect(api.query({ fromAt: 1, toAt: 2, selectors: [LATENCY] }, signal)).rejects.toThrow(
      "This hub keeps no history",
    );
    await expect(hub({ results: 3 }).api.query({ fromAt: 1, toAt: 2, selectors: [] }, signal)).rejects.toThrow(
      "stepMs",
    );
  });

  it("learn what is kept, page by page", async () => {
    const pages = [
      { series: [{ metric: "m", node: "a/1", labels: { event: "b" } }], matched: 2, next: "x" },
      { series: [{ metric: "m", node: "a/2", labels: { event: "a" } }], matched: 2, next: null },
    ];
    const after: (string | null)[] = [];
    const { metrics: known, nodes } = await readKnown(
      {
        series: async (from) => {
          after.push(from);
          return pages[after.length - 1] ?? { series: [], matched: 0, next: null };
        },
      },
      signal,
    );
    expect(after).toEqual([null, "x"]);
    // Those that are long gone among them.
    expect(nodes).toEqual(["a/1", "a/2"]);
    expect(known.get("m")?.count).toBe(2);
    expect(valuesOf(known, "m", "event")).toEqual(["a", "b"]);
    expect(valuesOf(known, "other", "event")).toEqual([]);
  });
});
