import type { ComponentMember, HubRow, NodeRow } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { describeFindings, judge } from "../src/pages/overview/judge.ts";

const NOW = 1_700_000_000_000;

const FINDING = {
  library: "socket.io",
  server: "io",
  version: "4.8.4",
  state: "attached",
  notes: ["adapter Adapter", "2 namespaces"],
} as const;

function node(change: Partial<NodeRow> = {}): NodeRow {
  return {
    node: "demo/a",
    service: "demo",
    instance: "a",
    state: "live",
    lastAt: NOW - 500,
    startedAt: NOW - 60_000,
    pid: 1,
    host: "h",
    runtime: "Node.js",
    findings: [FINDING],
    capacity: null,
    errorsPerMinute: null,
    connections: 1,
    messageRate: 1,
    loopLagP99: 0.01,
    cpu: 0.1,
    memoryBytes: 1,
    lost: 0,
    restarts: 0,
    probeCpu: 0,
    probeMemoryBytes: 1,
    probeDropped: 0,
    probeErrors: 0,
    ...change,
  };
}

const HUB: HubRow = {
  version: "0.1.0",
  startedAt: NOW - 60_000,
  cpu: 0,
  memoryBytes: 1,
  viewers: 1,
  bytesPerSecond: 1,
  skippedTicks: 0,
  badFrames: 0,
  lastBadFrame: null,
  restarts: 0,
  lastRestart: null,
  store: { state: "ok", written: 0, dropped: 0, lastError: null },
};

const judged = (nodes: readonly NodeRow[] | null, hub: HubRow | null = HUB) =>
  judge({ connection: "live", nodes, hub, now: NOW });

describe("the verdict", () => {
  it("is good only when every node reports in range", () => {
    expect(judged([node()])).toEqual({ tone: "ok", title: "Reporting", reasons: [] });
    expect(judged([node(), node({ instance: "b" })]).title).toBe("All 2 nodes report");
  });

  it("is never good about what is not known", () => {
    expect(judged(null).tone).toBe("quiet");
    expect(judged([]).tone).toBe("quiet");
    expect(judged([node({ state: "gone" })]).tone).toBe("quiet");
    expect(judged([node({ findings: [] })]).tone).toBe("quiet");
    expect(judge({ connection: "offline", nodes: [node()], hub: HUB, now: NOW }).tone).toBe("quiet");
  });

  it("names the node that fell silent and for how long", () => {
    const { tone, reasons } = judged([node(), node({ instance: "b", state: "silent", lastAt: NOW - 14_000 })]);
    expect(tone).toBe("warn");
    expect(reasons).toEqual(["b silent for 14 s."]);
    expect(judged([node({ state: "silent" })]).tone).toBe("crit");
  });

  it("names the node, the value and the limit of a slow event loop, the stalled one first", () => {
    const { tone, reasons } = judged([node({ loopLagP99: 0.15 }), node({ instance: "b", loopLagP99: 2 })]);
    expect(tone).toBe("crit");
    expect(reasons[0]).toBe("Event-loop lag p99 on b is 2 s, limit 100 ms.");
    expect(reasons[1]).toContain("on a is 150 ms");
  });

  it("tells when history is lost and when the hub came back from the dead", () => {
    const store = { ...HUB.store, state: "failing", lastError: "disk full" } as const;
    const { reasons } = judged([node()], { ...HUB, store, restarts: 2, lastRestart: "out of memory" });
    expect(reasons).toEqual([
      "History is not being stored: disk full.",
      "The hub was restarted 2 times: out of memory.",
    ]);
  });
});

describe("the verdict on what the application stands on", () => {
  const component = (change: Partial<ComponentMember> = {}): ComponentMember => ({
    node: "demo/a",
    kind: "cache",
    name: "ioredis",
    library: "ioredis",
    state: "up",
    since: NOW - 12_000,
    checkedAt: NOW - 1000,
    latencySeconds: 0.001,
    error: null,
    ...change,
  });
  const verdict = (components: readonly ComponentMember[], nodes = [node()]) =>
    judge({ connection: "live", nodes, hub: HUB, components, now: NOW });

  it("is good while all of it answers", () => {
    expect(verdict([component(), component({ kind: "database", name: "pg" })]).tone).toBe("ok");
  });

  it("names what is down, since when and why, and how many still answer", () => {
    const down = component({ state: "down", error: "ECONNREFUSED" });
    expect(verdict([down])).toMatchObject({
      tone: "crit",
      reasons: ["Cache ioredis is down for 12 s: ECONNREFUSED."],
    });
    const two = [node(), node({ node: "demo/b", instance: "b" })];
    expect(verdict([component(), { ...down, node: "demo/b" }], two).reasons).toEqual([
      "Cache ioredis is down for 12 s on b, 1 of 2 answer: ECONNREFUSED.",
    ]);
  });

  it("is not good about what nobody looked at lately", () => {
    expect(verdict([component({ checkedAt: NOW - 30_000 })])).toMatchObject({
      tone: "warn",
      reasons: ["Cache ioredis was last looked at 30 s ago."],
    });
  });

  it("says of a silent node that it is silent, and nothing of what it told last", () => {
    const silent = node({ state: "silent", lastAt: NOW - 30_000 });
    expect(verdict([component({ state: "down", checkedAt: NOW - 30_000 })], [silent]).reasons).toEqual([
      "a silent for 30 s.",
    ]);
  });
});

describe("what is watched", () => {
  it("is named once however many nodes have it, with its most telling note", () => {
    const ws = { library: "ws", server: "wss", version: "8.23.0", state: "partial", notes: [] } as const;
    expect(describeFindings([node(), node({ findings: [FINDING, ws] })])).toBe(
      "Socket.IO 4.8.4 (2 namespaces), ws 8.23.0 (partly watched)",
    );
  });
});
