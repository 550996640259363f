import { HEALTH_SLOT_MS, type Health, type HealthCheck, type HealthSlot, type NodeRow } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { describeFindings } from "../src/pages/overview/findings.ts";
import { barsOf, healthyShare, nextTrouble } from "../src/pages/overview/health-strip.ts";
import { verdictOf } from "../src/pages/overview/verdict.ts";

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;

function check(id: string, change: Partial<HealthCheck> = {}): HealthCheck {
  return {
    id,
    name: id,
    state: "healthy",
    value: null,
    unit: "",
    limit: null,
    since: NOW - 60_000,
    reason: `${id} in range`,
    node: null,
    ruleId: null,
    ...change,
  };
}

function health(change: Partial<Health> = {}): Health {
  return {
    state: "healthy",
    since: NOW - 60_000,
    reasons: [],
    score: 100,
    checks: [check("a"), check("b")],
    at: NOW,
    ...change,
  };
}

function slot(at: number, change: Partial<HealthSlot> = {}): HealthSlot {
  return { at, state: "healthy", degradedMs: 0, unhealthyMs: 0, reason: "", ...change };
}

describe("the words of health", () => {
  it("count the checks that are in range, and never those that were not measured among them", () => {
    expect(verdictOf(health(), "live")).toMatchObject({ tone: "ok", title: "Healthy", rest: "all 2 checks in range" });
    const idle = health({ checks: [check("a"), check("b", { state: "unknown" })] });
    expect(verdictOf(idle, "live").rest).toBe("1 check in range, 1 with nothing to judge");
  });

  it("name what failed with its rule, the worst first as the hub tells them, and how the others are", () => {
    const lag = check("event-loop", {
      state: "unhealthy",
      reason: "Event loop on a 2 s, limit 1 s",
      ruleId: "event-loop-lag",
    });
    const verdict = verdictOf(
      health({ state: "unhealthy", reasons: [lag.reason], checks: [lag, check("a"), check("b")] }),
      "live",
    );
    expect(verdict).toMatchObject({
      tone: "crit",
      title: "Unhealthy",
      since: NOW - 60_000,
      failing: [{ id: "event-loop", ruleId: "event-loop-lag" }],
      rest: "The other 2 checks are in range.",
    });
  });

  it("are never well of what is not known: no connection, no report, a source that is away", () => {
    expect(verdictOf(health(), "offline")).toMatchObject({
      tone: "quiet",
      failing: [{ reason: "The connection to the hub is down" }],
    });
    expect(verdictOf(health(), "signed-out").tone).toBe("quiet");
    expect(verdictOf(null, "live")).toMatchObject({ tone: "quiet", title: "Waiting for the first report" });
    const away = check("processes", { state: "unknown", reason: "No process is running" });
    expect(verdictOf(health({ state: "unknown", reasons: [away.reason], checks: [away] }), "live")).toMatchObject({
      tone: "quiet",
      title: "State unknown",
      since: null,
      failing: [{ reason: "No process is running" }],
    });
  });
});

describe("the strip of a day", () => {
  const from = NOW - DAY_MS;

  it("shows the worst slot of each bar, and says unknown where there is none", () => {
    const bars = barsOf(
      {
        slots: [
          slot(from),
          slot(from + HEALTH_SLOT_MS, { state: "unhealthy", unhealthyMs: 5000, degradedMs: 2000, reason: "bad" }),
          slot(from + 2 * HEALTH_SLOT_MS),
        ],
      },
      from,
      NOW,
      96,
    );
    expect(bars).toHaveLength(96);
    expect(bars[0]).toMatchObject({ state: "unhealthy", unhealthyMs: 5000, reason: "bad", fromAt: from });
    expect(bars[1]?.state).toBe("unknown");
    expect(bars.at(-1)?.toAt).toBe(NOW);
  });

  it("counts the time that was not well against the time that is known", () => {
    expect(healthyShare([])).toBeNull();
    expect(
      healthyShare([slot(from), slot(from + HEALTH_SLOT_MS, { state: "degraded", degradedMs: HEALTH_SLOT_MS })]),
    ).toBe(0.5);
  });

  it("goes to the next trouble in both directions, and stays where there is none", () => {
    const bars = barsOf(
      { slots: [slot(from + 12 * HEALTH_SLOT_MS, { state: "degraded", degradedMs: 1 })] },
      from,
      from + 24 * HEALTH_SLOT_MS,
      24,
    );
    expect(nextTrouble(bars, 0, 1)).toBe(12);
    expect(nextTrouble(bars, 20, -1)).toBe(12);
    expect(nextTrouble(bars, 12, 1)).toBeNull();
  });
});

it("what is watched is named once for all nodes, with what is missing of it", () => {
  const socketIo = {
    library: "socket.io",
    server: "io",
    version: "4.8.4",
    state: "attached",
    notes: ["adapter Adapter", "2 namespaces"],
  };
  const ws = { library: "ws", server: "ws", version: "8.23.0", state: "partial", notes: [] };
  const nodes = [{ findings: [socketIo] }, { findings: [socketIo, ws] }] as unknown as readonly NodeRow[];
  expect(describeFindings(nodes)).toBe("Socket.IO 4.8.4 (2 namespaces), ws 8.23.0 (partly watched)");
});
