import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { LoadLatency, LoadResult, TestList, TestRecord } from "@wsight/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { compareTests } from "../src/pages/testing/differences.ts";
import { barsOf, percentileName, percentilePlaces, shareAt, valuesAt } from "../src/pages/testing/distribution.ts";
import {
  bodyOf,
  commandOf,
  FIRST_ORDER,
  fieldsOf,
  hostToType,
  type Order,
  obstacle,
} from "../src/pages/testing/order.ts";
import { createTestsApi } from "../src/pages/testing/tests-api.ts";
import { limit, ratio } from "../src/pages/testing/words.ts";

const OWN = [{ url: "http://127.0.0.1:3000/socket.io/", library: "socket.io", nodes: ["app/1"] }] as const;

function list(allowed: Partial<TestList["allowed"]> = {}): TestList {
  const everything = { tests: true, anyTarget: true, hosts: ["chat.example.com"], heavy: true };
  return { tests: [], running: null, targets: OWN, allowed: { ...everything, ...allowed } };
}

function order(change: Partial<Order>): Order {
  return { ...FIRST_ORDER, ...change };
}

describe("an order", () => {
  it("is the profile and what differs from it, to the hub and in a terminal", () => {
    const changed = order({ ...fieldsOf("heavy"), duration: "5", expect: "p99<50, connected>99%" });
    expect(bodyOf("load", changed, OWN)).toEqual({
      url: OWN[0].url,
      library: "socket.io",
      profile: "heavy",
      duration: 5,
      expect: ["p99<50", "connected>99%"],
    });
    expect(commandOf("load", changed, OWN)).toBe(
      "npx wsight load heavy --duration 5 --expect 'p99<50' --expect 'connected>99%' --url http://127.0.0.1:3000/socket.io/ --socketio",
    );
  });

  it("keeps what was typed from being read by a shell", () => {
    const typed = order({ target: "other", url: "ws://127.0.0.1/$(reboot)", message: "it's" });
    expect(commandOf("echo", typed, OWN)).toBe(
      "npx wsight echo --count 100 --size 256 --url 'ws://127.0.0.1/$(reboot)' --message 'it'\\''s'",
    );
  });

  it("to a host that is not this machine wants its name typed", () => {
    const far = order({ target: "other", url: "wss://chat.example.com/ws" });
    expect(hostToType("echo", far, list())).toBe("chat.example.com");
    expect(obstacle("echo", far, list())).toMatch(/^Type chat\.example\.com/);
    expect(obstacle("echo", { ...far, host: " Chat.Example.com" }, list())).toBe(null);
    expect(commandOf("echo", far, OWN)).toMatch(/--i-own chat\.example\.com$/);
  });

  it("of load in production wants the name typed, and none that is heavy", () => {
    const production = list({ heavy: false });
    expect(hostToType("load", order({}), production)).toBe("127.0.0.1");
    expect(hostToType("server", order({}), production)).toBe(null);
    expect(obstacle("load", order({ host: "127.0.0.1" }), production)).toBe(null);
    expect(obstacle("load", order({ ...fieldsOf("heavy"), host: "127.0.0.1" }), production)).toMatch(
      /^Load this heavy/,
    );
    expect(obstacle("load", order(fieldsOf("heavy")), list())).toBe(null);
  });

  it("says what is wrong with it", () => {
    expect(obstacle("echo", order({ target: "other", url: "chat" }), list())).toMatch(/^Give a ws:/);
    expect(obstacle("echo", order({ auth: "{" }), list())).toMatch(/JSON/);
  });
});

/** Values from 1 to 1000 ms, one each. */
const EVEN: LoadLatency = {
  count: 1000,
  avg: 500.5,
  p50: 500,
  p90: 900,
  p95: 950,
  p99: 990,
  p999: 999,
  max: 1000,
  buckets: Array.from({ length: 1000 }, (_, index) => [index + 1, index + 1] as const),
};

describe("a distribution", () => {
  it("gives each value its place by percentile", () => {
    const places = percentilePlaces(EVEN.count);
    const values = valuesAt(EVEN, places);
    expect(places.at(-1)).toBeCloseTo(3);
    for (const [index, place] of places.entries())
      expect(Math.abs((values[index] ?? 0) - Math.max(1, Math.ceil(shareAt(place) * 1000 - 1e-6)))).toBeLessThanOrEqual(
        1,
      );
    expect([1, 2, 3].map(percentileName)).toEqual(["p90", "p99", "p99.9"]);
  });

  it("loses no value in its bars", () => {
    const bars = barsOf(EVEN);
    expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(bars[0]).toEqual({ fromMs: 0, toMs: 50, count: 50 });
  });
});

function loadTest(p95: number, wanted = 50): TestRecord {
  const latency = { ...EVEN, p95 };
  const result = {
    connections: { wanted, opened: wanted, dropped: 0, connect: null },
    messages: { sent: 500, lost: 0, latency, service: null },
    server: null,
  } as unknown as LoadResult;
  return { kind: "load", result } as TestRecord;
}

describe("two runs", () => {
  it("differ by what is more than noise, for better or worse", () => {
    const rows = compareTests(loadTest(100), loadTest(150, 80)) ?? [];
    const row = (name: string) => rows.find((one) => one.name === name);
    expect(row("Latency p95")).toEqual({
      name: "Latency p95",
      a: "100 ms",
      b: "150 ms",
      change: 0.5,
      verdict: "worse",
    });
    expect(row("Connections wanted")?.verdict).toBe("same");
    expect(row("Latency p50")?.verdict).toBe("same");
    expect(row("Service time p95")).toBe(undefined);
    expect(compareTests(loadTest(150), loadTest(80))?.find(({ name }) => name === "Latency p95")?.verdict).toBe(
      "better",
    );
  });

  it("of different kinds are not compared", () => {
    expect(compareTests(loadTest(1), { kind: "pool", result: null } as TestRecord)).toBe(null);
  });
});

describe("figures", () => {
  it("are never rounded up to all", () => {
    expect([ratio(0.99999), ratio(1), ratio(0.9512)]).toEqual(["99.99 %", "100 %", "95.12 %"]);
    expect(limit({ figure: "connected", comparison: ">=", limit: 0.95 })).toBe("≥ 95 %");
    expect(limit({ figure: "p95", comparison: "<", limit: 200 })).toBe("< 200 ms");
  });
});

describe("the hub's tests", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  it("are asked for below the mount, started, ended and reported", async () => {
    const heard: string[] = [];
    server = createServer((request, response) => {
      heard.push(`${request.method} ${request.url}`);
      request.resume();
      const refused = request.url?.endsWith("/pool") === true;
      response.writeHead(refused ? 409 : 200, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          refused ? { error: { code: "CONFLICT", message: "A test runs already" } } : { id: "a/b", ...list() },
        ),
      );
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const api = createTestsApi(new URL(`http://127.0.0.1:${port}/mount/dashboard`), fetch);
    const { signal } = new AbortController();
    expect((await api.list(signal)).targets).toEqual(OWN);
    const id = await api.start("load", { profile: "light" });
    await api.cancel(id);
    await expect(api.start("pool", {})).rejects.toMatchObject({ code: "CONFLICT", message: "A test runs already" });
    expect(heard).toEqual([
      "GET /mount/api/tests",
      "POST /mount/api/tests/load",
      "DELETE /mount/api/tests/a%2Fb",
      "POST /mount/api/tests/pool",
    ]);
    expect(api.reportHref(id, "html")).toBe(`http://127.0.0.1:${port}/mount/api/tests/a%2Fb/report?format=html`);
  });
});
