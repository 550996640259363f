import {
  type ComponentRow,
  componentStatus,
  encodeLinkText,
  OTHER,
  type QueryRow,
  type TableFrame,
} from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import { type FakeProbe, Rig, START } from "./current-rig.ts";

const REQUESTS = "http.server.request.duration";
const OPERATIONS = "db.client.operation.duration";

function request(
  probe: FakeProbe,
  seconds: readonly number[],
  {
    route = "/users/:id",
    code = "200",
    method = "GET",
    server = "main",
  }: { route?: string; code?: string; method?: string; server?: string } = {},
): FakeProbe {
  return probe.record(REQUESTS, seconds, {
    "http.server": server,
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": code,
  });
}

function operate(
  probe: FakeProbe,
  seconds: readonly number[],
  { system = "redis", client = "cache", name = "GET", kind = "read", collection = "" } = {},
): FakeProbe {
  return probe.record(OPERATIONS, seconds, {
    "db.system.name": system,
    "db.client": client,
    "db.operation.name": name,
    "db.operation.kind": kind,
    "db.collection.name": collection,
  });
}

describe("the table of routes", () => {
  test("puts servers, nodes and status codes of a route together and merges their percentiles", () => {
    const rig = new Rig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const quick = Array.from({ length: 90 }, () => 0.01);
    for (let i = 0; i < 61; i++) {
      rig.second(() => {
        request(a, quick);
        request(a, [0.01], { code: "404" });
        request(a, [0.01, 0.01], { code: "503", server: "admin" });
        request(a, [], { method: "POST" }).snapshot();
        // One in ten is slow, and all of those are on b: the mean of two 95th percentiles would be half of it.
        request(b, [1, 1, 1, 1, 1, 1, 1])
          .grow("http.server.aborted_requests", 1, { "http.request.method": "GET", "http.route": "/users/:id" })
          .snapshot();
      });
    }
    const rows = rig.current.table("routes");
    expect(rows).toMatchObject([
      { method: "GET", route: "/users/:id", total: 6100, share: 1 },
      { method: "POST", route: "/users/:id", total: 0, share: 0, rate: 0, p50: null, p95: null },
    ]);
    const [row] = rows;
    expect(row?.rate).toBeCloseTo(100, 6);
    expect(row?.serverErrorsPerMinute).toBeCloseTo(120, 0);
    expect(row?.clientErrorsPerMinute).toBeCloseTo(60, 0);
    expect(row?.abortedPerMinute).toBeCloseTo(60, 0);
    expect(Math.abs((row?.p50 ?? 0) / 0.01 - 1)).toBeLessThan(0.011);
    expect(Math.abs((row?.p95 ?? 0) / 1 - 1)).toBeLessThan(0.011);
  });

  test("lists the busiest 100, what shares a place last, and a route whose requests were all cut off", () => {
    const rig = new Rig();
    const probe = rig.probe();
    rig.second(() => probe.snapshot());
    rig.second(() => {
      for (let i = 0; i < 150; i++) {
        const times = Array.from({ length: i + 1 }, () => 0.001);
        request(probe, times, { route: `/r${i}` });
      }
      request(probe, new Array(1000).fill(0.001), { route: OTHER }).snapshot();
    });
    const rows = rig.current.table("routes");
    expect(rows).toHaveLength(100);
    expect(rows[0]?.route).toBe("/r149");
    expect(rows.at(-2)?.route).toBe("/r51");
    expect(rows.at(-1)).toMatchObject({ route: OTHER, total: 1000 });

    const other = new Rig();
    const polled = other.probe();
    other.second(() => polled.snapshot());
    other.second(() =>
      polled
        .grow("http.server.aborted_requests", 3, { "http.request.method": "GET", "http.route": "/events" })
        .snapshot(),
    );
    expect(other.current.table("routes")).toMatchObject([{ route: "/events", total: 0, p95: null, share: 0 }]);
    expect(other.current.table("routes")[0]?.abortedPerMinute).toBeGreaterThan(0);
  });

  test("keeps what a silent process counted, and nothing of one that left", () => {
    const rig = new Rig();
    const probe = rig.probe();
    expect(rig.current.table("routes")).toEqual([]);
    for (let i = 0; i < 3; i++) rig.second(() => request(probe, [0.01]).snapshot());
    for (let i = 0; i < 5; i++) rig.second();
    expect(rig.current.table("routes")).toMatchObject([{ total: 3 }]);
    probe.send(JSON.stringify({ type: "bye", epoch: 1 }));
    for (let i = 0; i < 15; i++) rig.second();
    expect(rig.current.table("routes")).toEqual([]);
  });
});

describe("the table of operations", () => {
  test("tells operations by system, model and kind over clients and nodes; shares are those of the system", () => {
    const rig = new Rig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    for (let i = 0; i < 61; i++) {
      rig.second(() => {
        operate(a, [0.001, 0.001, 0.001]);
        operate(a, [0.002], { client: "sessions" });
        operate(a, [0.004], { name: "SET", kind: "write" });
        operate(a, [0.02], { system: "postgresql", name: "findMany", collection: "User" }).snapshot();
        operate(b, [0.001, 0.003, 0.003, 0.003, 0.003]);
        operate(b, [0.02], { system: "postgresql", name: "findMany", collection: "Post" }).snapshot();
      });
    }
    const rows = rig.current.table("operations");
    expect(rows).toMatchObject([
      { system: "redis", operation: "GET", kind: "read", collection: "", total: 61 * 9 },
      { system: "postgresql", operation: "findMany", collection: "Post", kind: "read", total: 61 },
      { system: "postgresql", operation: "findMany", collection: "User", kind: "read", total: 61 },
      { system: "redis", operation: "SET", kind: "write", total: 61 },
    ]);
    expect(rows.map(({ rate }) => Math.round(rate))).toEqual([9, 1, 1, 1]);
    expect(rows.map(({ share }) => Number(share.toFixed(3)))).toEqual([0.9, 0.5, 0.5, 0.1]);
    expect(Math.abs((rows[0]?.p50 ?? 0) / 0.002 - 1)).toBeLessThan(0.011);
    expect(Math.abs((rows[0]?.p95 ?? 0) / 0.003 - 1)).toBeLessThan(0.011);
  });

  test("lists the busiest 100, models that share a place last", () => {
    const rig = new Rig();
    const probe = rig.probe();
    rig.second(() => probe.snapshot());
    rig.second(() => {
      for (let i = 0; i < 120; i++) {
        const times = Array.from({ length: i + 1 }, () => 0.001);
        operate(probe, times, { name: "create", collection: `M${i}` });
      }
      operate(probe, new Array(1000).fill(0.001), { name: "create", collection: OTHER }).snapshot();
    });
    const rows = rig.current.table("operations");
    expect(rows).toHaveLength(100);
    expect(rows[0]?.collection).toBe("M119");
    expect(rows.at(-1)?.collection).toBe(OTHER);
  });
});

function component(change: Partial<ComponentRow> = {}): ComponentRow {
  return {
    kind: "cache",
    name: "ioredis",
    library: "ioredis",
    state: "up",
    since: START,
    checkedAt: START,
    latencySeconds: 0.001,
    error: null,
    ...change,
  };
}

function query(change: Partial<QueryRow> = {}): QueryRow {
  return {
    client: "pg",
    system: "postgresql",
    shape: "SELECT ?",
    calls: 2,
    errors: 0,
    totalSeconds: 1,
    p95Seconds: 0.5,
    maxSeconds: 0.6,
    lastAt: START,
    ...change,
  };
}

function tell(probe: FakeProbe, table: "components" | "queries", rows: readonly object[]): void {
  const { epoch } = probe.hello;
  probe.send(encodeLinkText({ type: "table", epoch, at: START, total: rows.length, table, rows } as TableFrame));
}

describe("the table of components", () => {
  test("keeps what a silent node told last, with its time, and nothing of one that is gone or began anew", () => {
    const rig = new Rig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    rig.second(() => {
      a.snapshot();
      b.snapshot();
      tell(a, "components", [component()]);
      tell(b, "components", [component({ state: "down", error: "ECONNREFUSED" })]);
    });
    for (let i = 0; i < 20; i++) rig.second(() => a.snapshot());
    const rows = rig.current.table("components");
    expect(rows).toMatchObject([
      { node: "chat/a", state: "up", checkedAt: START },
      { node: "chat/b", state: "down", error: "ECONNREFUSED", checkedAt: START },
    ]);
    expect(componentStatus(rows, rig.clock.time).cache).toMatchObject({ state: "down", stale: true, members: 2 });
    b.send(JSON.stringify({ type: "bye", epoch: 1 }));
    expect(rig.current.table("components").map(({ node }) => node)).toEqual(["chat/a"]);
    a.restart(2);
    expect(rig.current.table("components")).toEqual([]);
  });

  test("tells times by the hub's clock, so that a fast clock makes nothing look fresh", () => {
    const rig = new Rig();
    const probe = rig.probe();
    const AHEAD = 3_600_000;
    rig.second(() => {
      const { time } = rig.clock;
      rig.clock.time += AHEAD;
      const said = probe.bytes();
      rig.clock.time = time;
      probe.send(said);
      tell(probe, "components", [component({ since: START + AHEAD, checkedAt: START + AHEAD })]);
      tell(probe, "queries", [query({ lastAt: START + AHEAD })]);
    });
    expect(rig.current.table("components")).toMatchObject([{ since: START, checkedAt: START }]);
    expect(rig.current.table("queries")).toMatchObject([{ lastAt: START }]);
  });

  test("is bounded for each node and in all, and what is down is in it", () => {
    const rig = new Rig();
    const nodes = Array.from({ length: 40 }, (_, i) => rig.probe({ instance: `n${i}` }));
    rig.second(() => {
      nodes.forEach((probe, i) => {
        probe.snapshot();
        const state = i === 39 ? "down" : "up";
        const rows = Array.from({ length: 100 }, (_, n) => component({ name: `c${n}`, state }));
        tell(probe, "components", rows);
      });
    });
    const rows = rig.current.table("components");
    expect(rows).toHaveLength(1000);
    expect(rows.filter(({ state }) => state === "down")).toHaveLength(64);
  });
});

describe("the table of queries", () => {
  test("puts shapes of all nodes together, those that took most time first, what shares a place last", () => {
    const rig = new Rig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const many = Array.from({ length: 60 }, (_, i) => query({ shape: `SELECT ${i}`, totalSeconds: i / 100 }));
    rig.second(() => {
      a.snapshot();
      b.snapshot();
      tell(a, "queries", [query(), query({ shape: OTHER, totalSeconds: 99, p95Seconds: null }), ...many]);
      tell(b, "queries", [query({ calls: 3, errors: 1, totalSeconds: 2, p95Seconds: null, maxSeconds: 0.9 })]);
    });
    const rows = rig.current.table("queries");
    expect(rows).toHaveLength(50);
    expect(rows[0]).toEqual({
      ...query({ calls: 5, errors: 1, totalSeconds: 3, p95Seconds: 0.5, maxSeconds: 0.9 }),
      nodes: 2,
    });
    expect(rows[1]?.shape).toBe("SELECT 59");
    expect(rows.at(-1)?.shape).toBe(OTHER);
  });
});
