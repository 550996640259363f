import {
  findMetric,
  HISTORY_AGGREGATES,
  type HistoryAnswer,
  type HistoryQuery,
  type Labels,
  WsightError,
} from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { PAST_TABLES } from "../src/past/past-tables.ts";
import { readTables } from "../src/past/read-tables.ts";
import type { PastTable } from "../src/state/index.ts";

const MIN = 60_000;
const HALF_HOUR = { fromAt: 30 * MIN * 1000, toAt: 30 * MIN * 1001, stepMs: 5000 };
type Line = readonly [whole: number | null, labels?: Labels];

/** Answers each selector with the lines named `agg(metric) by a,b`, and remembers what was asked. */
function createHub(lines: Readonly<Record<string, readonly Line[]>>, coverage = 1) {
  const asked: HistoryQuery[] = [];
  const query = async (question: HistoryQuery): Promise<HistoryAnswer> => {
    asked.push(question);
    return {
      fromAt: question.fromAt,
      toAt: question.toAt,
      stepMs: question.stepMs ?? 1000,
      resolutionMs: 1000,
      coverage,
      results: question.selectors.map((selector) => {
        const { agg, metric, where, by = [] } = selector;
        const name = [`${agg}(${metric})`, ...Object.values(where ?? {}), ...by].join(" ");
        const found = lines[name] ?? [];
        return {
          selector,
          unit: "1",
          lines: found.map(([whole, labels = {}]) => ({ labels, values: [whole], whole, coverage })),
          leftOut: found.length === 0 ? 0 : 4,
        };
      }),
    };
  };
  return { asked, api: { query } };
}

const read = async <T extends PastTable>(hub: ReturnType<typeof createHub>, name: T, node: string | null = null) => {
  const tables = await readTables(hub.api, { grid: HALF_HOUR, tables: [name], node }, new AbortController().signal);
  return tables.get(node === null ? name : `${name} ${node}`);
};

describe("tables of the past", () => {
  it("are asked over exactly the time shown, in as few intervals as begin and end with it", async () => {
    const hub = createHub({});
    await read(hub, "closes");
    const { fromAt, toAt } = HALF_HOUR;
    expect(hub.asked).toMatchObject([{ fromAt, toAt, stepMs: 30 * MIN }]);
    const uneven = { ...HALF_HOUR, fromAt: fromAt + 35_000 };
    const { signal } = new AbortController();
    await readTables(hub.api, { grid: uneven, tables: ["closes"], node: "shop/a" }, signal);
    expect(hub.asked[1]).toMatchObject({ ...uneven, stepMs: 5000 });
    expect(hub.asked[1]?.selectors.every(({ nodes }) => nodes?.join() === "shop/a")).toBe(true);
  });

  it("ask only for what their metrics can tell", () => {
    for (const { selectors } of Object.values(PAST_TABLES)) {
      for (const { metric, agg, by = [], where = {} } of selectors) {
        const definition = findMetric(metric);
        if (definition === undefined) throw new Error(`expected a metric, got ${metric}`);
        expect(HISTORY_AGGREGATES[definition.kind]).toContain(agg);
        const known = [...definition.attributes, "node", "service"];
        for (const name of [...by, ...Object.keys(where)]) expect(known).toContain(name);
      }
    }
  });

  it("have all that the page shows at once in one question, and null for what the hub refuses", async () => {
    const { signal } = new AbortController();
    const names = Object.keys(PAST_TABLES) as PastTable[];
    const hub = createHub({});
    await readTables(hub.api, { grid: HALF_HOUR, tables: names, node: null }, signal);
    expect(hub.asked.length).toBe(1);
    const refusing = { query: () => Promise.reject(new WsightError("BAD_REQUEST", "too much")) };
    const refused = await readTables(refusing, { grid: HALF_HOUR, tables: ["closes"], node: null }, signal);
    expect([...refused]).toEqual([["closes", null]]);
    const away = { query: () => Promise.reject(new WsightError("RATE_LIMITED", "later")) };
    await expect(readTables(away, { grid: HALF_HOUR, tables: ["closes"], node: null }, signal)).rejects.toThrow();
  });

  it("count closes and errors of the window, those of nothing left out, what shares a place last", async () => {
    const closes = "increase(websocket.server.closes)";
    const hub = createHub(
      {
        [`${closes} reason`]: [
          [90, { reason: "_other" }],
          [0, { reason: "1001" }],
          [30, { reason: "1000" }],
        ],
        [closes]: [[130]],
        "increase(websocket.server.errors) error.type": [[45, { "error.type": "TypeError" }]],
      },
      0.5,
    );
    expect(await read(hub, "closes")).toEqual({
      rows: [
        { key: "1000", count: 30 },
        { key: "_other", count: 90 },
      ],
      leftOut: 4,
      whole: 130,
    });
    // Half of the half hour is known.
    expect((await read(hub, "errors"))?.rows).toEqual([{ type: "TypeError", total: 45, perMinute: 3 }]);
  });

  it("name nodes of that time, also those with nothing open", async () => {
    const open = "mean(websocket.server.active_connections)";
    const hub = createHub({
      [`${open} node`]: [
        [0, { node: "shop/b" }],
        [7, { node: "shop/a" }],
      ],
      [open]: [[9]],
      "p99(nodejs.eventloop.lag) node": [[0.2, { node: "shop/c" }]],
    });
    expect(await read(hub, "connections")).toMatchObject({
      rows: [
        { key: "shop/a", count: 7 },
        { key: "shop/b", count: 0 },
      ],
      whole: 9,
    });
    expect((await read(hub, "nodes"))?.rows).toEqual([
      { node: "shop/c", memoryBytes: null, cpu: null, loopLagP99: 0.2 },
    ]);
  });

  it("put a type of message together from what is kept of it under its library and event", async () => {
    const chat = { "ws.library": "socket.io", event: "chat" };
    const hub = createHub({
      "increase(websocket.server.messages) direction ws.library event kind": [
        [1800, { direction: "in", kind: "event", ...chat }],
        [900, { direction: "out", kind: "text", "ws.library": "ws", event: "" }],
      ],
      "increase(websocket.server.messages) direction": [
        [3600, { direction: "in" }],
        [900, { direction: "out" }],
      ],
      "p95(websocket.server.message.size) direction ws.library event": [[64, { direction: "in", ...chat }]],
      "p95(websocket.server.handler.duration) ws.library event": [[0.004, chat]],
      "increase(websocket.server.handler.errors) ws.library event": [[60, chat]],
    });
    const known = { sizeP50: null, p50: null };
    expect((await read(hub, "types"))?.rows).toEqual([
      {
        ...known,
        event: "chat",
        direction: "in",
        library: "socket.io",
        rate: 1,
        share: 0.5,
        total: 1800,
        sizeP95: 64,
        p95: 0.004,
        timing: "handler",
        errorsPerMinute: 2,
      },
      {
        ...known,
        event: "text",
        direction: "out",
        library: "ws",
        rate: 0.5,
        share: 1,
        total: 900,
        sizeP95: null,
        p95: null,
        timing: null,
        errorsPerMinute: 0,
      },
    ]);
    expect((await read(hub, "events"))?.rows).toMatchObject([
      { event: "chat", rate: 1, p95: 0.004 },
      { event: "text" },
    ]);
  });
});
