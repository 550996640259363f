import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { NodeRow } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStack } from "../src/charts/stack.ts";
import { endedNodes, peakOf, pickBands } from "../src/pages/connections/bands.ts";
import { explainClose } from "../src/pages/connections/close-words.ts";
import { octaveName } from "../src/pages/connections/counts.tsx";
import { createConnectionsApi } from "../src/pages/connections/hub-api.ts";
import { orderAfter, readOrder, shortSpan, wideColumns } from "../src/pages/connections/list-columns.tsx";
import { balanceOf, poolOf, worstOf } from "../src/pages/connections/workers.ts";

function node(instance: string, change: Partial<NodeRow> = {}): NodeRow {
  return {
    node: `shop/${instance}`,
    service: "shop",
    instance,
    state: "live",
    lastAt: 0,
    startedAt: 0,
    pid: 1,
    host: "h",
    runtime: "Node.js 20",
    findings: [],
    connections: 0,
    messageRate: 0,
    capacity: null,
    errorsPerMinute: 0,
    loopLagP99: 0,
    cpu: 0,
    memoryBytes: 0,
    lost: 0,
    restarts: 0,
    probeCpu: 0,
    probeMemoryBytes: 0,
    probeDropped: 0,
    probeErrors: 0,
    ...change,
  };
}

describe("what processes can take", () => {
  const capacity = { connections: 1000, source: "the capacity option" };

  it("is used by so much of it, and says where the figure comes from", () => {
    const pool = poolOf([node("a", { connections: 450, capacity }), node("b", { connections: 450, capacity })]);
    expect([pool.use, pool.open, pool.capacity]).toEqual([0.45, 900, 2000]);
    expect(pool.sources).toBe("a: 1,000, the capacity option\nb: 1,000, the capacity option");
  });

  it("is unknown when one of them does not say, and silent ones do not count", () => {
    const told = node("a", { connections: 450, capacity });
    expect(poolOf([told, node("b", { connections: 1 })]).use).toBeNull();
    expect(poolOf([told, node("b", { state: "silent", connections: 1 })]).use).toBe(0.45);
    expect(poolOf([]).use).toBeNull();
  });
});

describe("the worst of several processes", () => {
  const lag = (row: NodeRow) => row.loopLagP99;

  it("is the one that stands out above the mean, of those that report", () => {
    const nodes = [node("a", { loopLagP99: 0.02 }), node("b", { loopLagP99: 0.09 }), node("c", { loopLagP99: 0.02 })];
    expect(worstOf(nodes, lag, 0.02)).toBe("shop/b");
    expect(worstOf([...nodes.slice(0, 1), node("b", { loopLagP99: 0.09, state: "silent" })], lag, 0.02)).toBeNull();
  });

  it("is nobody when all are alike, too low to matter, alone or unknown", () => {
    expect(worstOf([node("a", { loopLagP99: 0.09 }), node("b", { loopLagP99: 0.1 })], lag, 0.02)).toBeNull();
    expect(worstOf([node("a", { loopLagP99: 0.001 }), node("b", { loopLagP99: 0.009 })], lag, 0.02)).toBeNull();
    expect(worstOf([node("a", { loopLagP99: 9 })], lag, 0.02)).toBeNull();
    expect(worstOf([node("a", { loopLagP99: null }), node("b", { loopLagP99: 9 })], lag, 0.02)).toBeNull();
  });

  it("is told of the connections as evenness", () => {
    const balance = balanceOf([node("a", { connections: 100 }), node("b", { connections: 300 })]);
    expect([balance?.factor, balance?.busiest.instance]).toEqual([1.5, "b"]);
    expect(balance?.evenness).toBeCloseTo(2 / 3);
    expect(balanceOf([node("a", { connections: 100 })])).toBeNull();
    expect(balanceOf([node("a"), node("b")])).toBeNull();
  });
});

describe("words of the page", () => {
  it("explain close codes and reasons, and leave the application's own as they are", () => {
    expect(explainClose("1006")).toMatchObject({ name: "1006 abnormal", kind: "fault" });
    expect(explainClose("ping timeout").meaning).toContain("heartbeat");
    expect(explainClose("4001")).toEqual({ kind: "left", name: "4001", meaning: "a code of the application's own" });
    expect(explainClose("constructor")).toEqual({ kind: "left", name: "constructor", meaning: "" });
  });

  it("name spans of time and octaves of counts shortly", () => {
    expect([0, 59_999, 192_000, 7_860_000, 788_400_000].map(shortSpan)).toEqual([
      "0s",
      "59s",
      "3m 12s",
      "2h 11m",
      "9d 3h",
    ]);
    expect([0, 1, 2, 3, 4].map(octaveName)).toEqual(["1", "2", "3–4", "5–8", "9–16"]);
  });

  it("order by age the other way round than by the time of opening", () => {
    const newest = readOrder({});
    expect(wideColumns(newest, false).find(({ id }) => id === "age")?.order).toBe("ascending");
    expect(orderAfter("age", newest)).toEqual({ sort: "opened", descending: false });
    expect(orderAfter("out", newest)).toEqual({ sort: "out", descending: true });
    expect(orderAfter("user", newest)).toEqual({ sort: "user", descending: false });
    expect(readOrder({ sort: "rtt", order: "asc" })).toEqual({ sort: "rtt", descending: false });
    expect(readOrder({ sort: "colour" })).toEqual(newest);
    expect(wideColumns(newest, false).find(({ id }) => id === "ns")).not.toHaveProperty("order");
  });
});

describe("stacked lines", () => {
  it("begin where the one below ends, and break off where a series falls silent", () => {
    const data = {
      at: new Float64Array(4),
      stepS: 1,
      rows: [
        [1, 1, null, null],
        [null, 5, 5, null],
      ],
      max: 5,
      first: 0,
      last: 2,
    };
    const stacked = createStack()(data);
    expect(stacked.rows).toEqual([
      [1, 1, null, null],
      [1, 6, 5, null],
    ]);
    expect(stacked.max).toBe(6);
    expect(data.rows[1], "what is told stays").toEqual([null, 5, 5, null]);
  });
});

describe("questions about connections", () => {
  let server: Server;
  let asked: string[];
  let reply: { status: number; body: unknown };
  const api = () => {
    const { port } = server.address() as AddressInfo;
    return createConnectionsApi(new URL(`http://127.0.0.1:${port}/mount/dashboard`), (url, init) => fetch(url, init));
  };
  const { signal } = new AbortController();

  beforeEach(async () => {
    asked = [];
    server = createServer((request: IncomingMessage, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(reply.status, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it("go to the hub beside the page, whatever the names hold", async () => {
    reply = { status: 200, body: { at: 1, open: 0, matched: 0, rows: [], nodes: [] } };
    const query = { search: "user:a&b", sort: "out", descending: true, node: "shop/web 1" } as const;
    await api().list(query, { offset: 20, limit: 56 }, signal);
    reply.body = { disconnected: true };
    await api().disconnect({ node: "shop/web?1", connection: 7 });
    expect(asked).toEqual([
      "GET /mount/api/connections?q=user%3Aa%26b&sort=out&order=desc&offset=20&limit=56&node=shop%2Fweb+1",
      "DELETE /mount/api/connections/shop/web%3F1/7",
    ]);
  });

  it("fail with the hub's own words, and when the answer is none", async () => {
    reply = { status: 403, body: { error: { code: "FORBIDDEN", message: "This principal may not do that" } } };
    await expect(api().disconnect({ node: "shop/a", connection: 7 })).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: "This principal may not do that",
    });
    reply = { status: 200, body: { entries: "none" } };
    await expect(api().audit(10, signal)).rejects.toMatchObject({ code: "BAD_FRAME" });
    reply = { status: 200, body: { at: 1, open: 1, matched: 1, rows: [null], nodes: [] } };
    await expect(
      api().list({ search: "", sort: "id", descending: false, node: null }, { offset: 0, limit: 1 }, signal),
    ).rejects.toMatchObject({ code: "BAD_FRAME" });
  });
});

describe("the bands of nodes", () => {
  const bands = (...sizes: readonly number[]) => sizes.map((size, i) => ({ node: `shop/${i}`, size }));

  it("keep a node that ended while its past is in the window, and not one that ended before it", () => {
    const nodes = [
      node("killed", { state: "gone", lastAt: 40_000 }),
      node("older", { state: "gone", lastAt: 10_000 }),
      node("there", { lastAt: 60_000 }),
    ];
    expect(endedNodes(nodes, 20_000)).toEqual({ asked: ["shop/killed"], more: false });
    const past = { key: "", latest: () => null, read: () => ({ at: at(4), value: at(4, 3, 21), length: 4 }) };
    expect(peakOf(past, 0, 3000)).toBe(21);
    expect(peakOf({ ...past, read: () => ({ at: at(2), value: at(2), length: 2 }) }, 0, 1000)).toBe(0);
  });

  it("ask for the past of the newest five that ended, and say that there are more", () => {
    const nodes = Array.from({ length: 7 }, (_, i) => node(String(i), { state: "gone", lastAt: i }));
    expect(endedNodes(nodes, 0)).toEqual({ asked: ["shop/6", "shop/5", "shop/4", "shop/3", "shop/2"], more: true });
  });

  it("are all of six nodes, and the busiest five of more", () => {
    expect(pickBands(bands(1, 2, 3, 4, 5, 6), [], false)).toHaveLength(6);
    expect(pickBands(bands(1, 2, 3, 4, 5, 6), [], true)).toHaveLength(5);
    expect(pickBands(bands(1, 2, 3, 4, 5, 6, 7), [], false)).toEqual([
      "shop/2",
      "shop/3",
      "shop/4",
      "shop/5",
      "shop/6",
    ]);
  });

  it("stay the same while all of them are there, and not once one is not", () => {
    const before = ["shop/0", "shop/1"];
    expect(pickBands(bands(1, 2), before, false)).toBe(before);
    expect(pickBands(bands(1), before, false)).toEqual(["shop/0"]);
  });
});

/** `length` values, those given at the front, the others unknown. */
function at(length: number, ...values: readonly number[]): Float64Array {
  return Float64Array.from({ length }, (_, i) => values[i] ?? Number.NaN);
}
