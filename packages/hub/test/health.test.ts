import {
  createHealthKeeper,
  createLiveObserver,
  createRatioCounts,
  DEFAULT_RULES,
  type HealthKeeper,
} from "@wsight/hub";
import {
  type AlertRule,
  encodeLinkText,
  type Health,
  type HealthCheck,
  type HistoryEvent,
  type HubRow,
} from "@wsight/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { HUB_ROW, Rig } from "./current-rig.ts";

/** A probe, and health as a hub keeps it, on a clock that is moved by hand. */
class HealthRig extends Rig {
  readonly web = this.probe({ instance: "web-1" });
  readonly events: HistoryEvent[] = [];
  rules: readonly AlertRule[] = DEFAULT_RULES;
  store: HubRow["store"] = { ...HUB_ROW.store, state: "ok" };
  undelivered = 0;
  readonly keeper: HealthKeeper = createHealthKeeper({
    observer: createLiveObserver({ current: this.current, history: null, onError: () => undefined }),
    rule: (id) => this.rules.find((rule) => rule.id === id),
    ratioAt: createRatioCounts(this.current),
    tables: () => ({
      nodes: this.current.table("nodes"),
      components: this.current.table("components"),
      collectors: this.current.table("collectors"),
      store: this.store,
      alerts: { ...this.current.table("alerts"), state: "ok", undelivered: this.undelivered },
    }),
    note: (events) => this.events.push(...events),
  });

  /** So many seconds, each with what `during` adds and a snapshot. */
  pass(seconds: number, during: () => void = () => undefined): Health {
    for (let s = 0; s < seconds; s++) {
      const at = this.second(() => {
        during();
        this.web.snapshot();
      });
      this.keeper.observe(at, this.clock.time);
    }
    return this.keeper.health();
  }

  /** Seconds in which nobody reports. */
  silence(seconds: number): Health {
    for (let s = 0; s < seconds; s++) this.keeper.observe(this.second(), this.clock.time);
    return this.keeper.health();
  }

  /** Messages of one second, so many of them failed. */
  messages(all: number, failed = 0): void {
    this.web.grow("websocket.server.messages", all, { "ws.library": "ws", direction: "in" });
    this.web.grow("websocket.server.handler.errors", failed, { "ws.library": "ws" });
  }
}

function check(health: Health, id: string): HealthCheck | undefined {
  return health.checks.find((one) => one.id === id);
}

describe("health", () => {
  let rig: HealthRig;
  beforeEach(() => {
    rig = new HealthRig();
  });

  it("is unknown before anything reports", () => {
    const health = new HealthRig().keeper.health();
    expect(health).toMatchObject({ state: "unknown", since: null, score: null, checks: [] });
    rig.keeper.observe(rig.second(), rig.clock.time);
    expect(rig.keeper.health().state).not.toBe("unhealthy");
  });

  it("does not hold it against a server that it is idle", () => {
    const health = rig.pass(10);
    expect(health).toMatchObject({ state: "healthy", score: 100, reasons: [] });
    expect(check(health, "ws-errors")).toMatchObject({ state: "unknown", value: null });
    expect(check(health, "ws-latency")?.state).toBe("unknown");
  });

  it("leaves out what has no source", () => {
    const health = rig.pass(5);
    expect(check(health, "queue")).toBeUndefined();
    expect(check(health, "workers")).toBeUndefined();
    expect(check(health, "database")).toBeUndefined();
  });

  it("sees that a third of the messages fail within ten seconds, and names share and limit", () => {
    rig.pass(120, () => rig.messages(5));
    expect(check(rig.keeper.health(), "ws-errors")).toMatchObject({ state: "healthy", value: 0, limit: 0.01 });
    const health = rig.pass(10, () => rig.messages(6, 2));
    expect(health.state).toBe("unhealthy");
    expect(check(health, "ws-errors")).toMatchObject({ state: "unhealthy", unit: "1", ruleId: "websocket-errors" });
    expect(health.reasons[0]).toMatch(/% of \d+ messages failed in 30 s, limit 5 %/);
    expect(health.score).toBe(50);
  });

  it("takes one failure of few messages for nothing", () => {
    rig.pass(30, () => rig.messages(1));
    expect(rig.pass(30, () => rig.messages(0, 0)).state).toBe("healthy");
    rig.pass(1, () => rig.messages(1, 1));
    expect(rig.keeper.health().state).toBe("healthy");
  });

  it("goes on for two minutes after the last breach, and says since when it is well", () => {
    rig.pass(60, () => rig.messages(100));
    rig.pass(10, () => rig.messages(100, 40));
    const bad = rig.keeper.health();
    expect(bad.state).toBe("unhealthy");
    // Half an hour of good messages takes it out of every window.
    const seen: string[] = [];
    for (let minute = 0; minute < 40; minute++) seen.push(rig.pass(60, () => rig.messages(100)).state);
    expect(seen.at(-1)).toBe("healthy");
    expect(rig.keeper.health().since).toBeGreaterThan(bad.since ?? 0);
    const turns = rig.events.map(({ kind, subject }) => [kind, subject]);
    expect(turns.at(0)).toEqual(["health.changed", "healthy"]);
    expect(turns).toContainEqual(["health.changed", "unhealthy"]);
    expect(turns.at(-1)).toEqual(["health.changed", "healthy"]);
  });

  it("says of a burst that is over for two minutes more that it was", () => {
    rig.pass(600, () => rig.messages(100));
    rig.pass(1, () => rig.messages(100, 100));
    let seconds = 0;
    while (seconds < 400 && rig.pass(1, () => rig.messages(100)).state !== "healthy") seconds++;
    // A minute within the window of a minute, then two.
    expect(seconds).toBeGreaterThanOrEqual(175);
    expect(seconds).toBeLessThanOrEqual(182);
  });

  it("judges by the limits of the rule, as somebody set them, and not at all when it is off", () => {
    rig.pass(30, () => rig.web.record("websocket.server.message.latency", [0.15], { source: "handler" }));
    expect(check(rig.keeper.health(), "ws-latency")).toMatchObject({ state: "degraded", limit: 0.1 });
    expect(rig.keeper.health().reasons[0]).toMatch(/^Message latency .*150 ms, limit 100 ms/);
    rig.rules = DEFAULT_RULES.map((rule) => ({ ...rule, enabled: rule.id !== "websocket-latency-mean" }));
    rig.pass(1);
    expect(check(rig.keeper.health(), "ws-latency")).toBeUndefined();
  });

  it("names the process whose event loop is slow", () => {
    const other = rig.probe({ instance: "web-2" });
    const health = rig.pass(15, () => {
      rig.web.record("nodejs.eventloop.lag", [0.01]);
      other.record("nodejs.eventloop.lag", [0.4]);
      other.snapshot();
    });
    expect(check(health, "event-loop")).toMatchObject({ state: "degraded", node: "chat/web-2", limit: 0.1 });
    expect(health.reasons[0]).toMatch(/^Event loop on web-2 (39|40)\d ms, limit 100 ms$/);
  });

  it("is not healthy while a process is silent, and unhealthy while all are", () => {
    const other = rig.probe({ instance: "web-2" });
    rig.pass(5, () => other.snapshot());
    const one = rig.pass(5);
    expect(one.state).toBe("degraded");
    expect(check(one, "processes")).toMatchObject({ state: "degraded", node: "chat/web-2" });
    expect(rig.silence(5).state).toBe("unhealthy");
  });

  it("is not known while something that is read at intervals is late by three of them", () => {
    rig.pass(10);
    const row = { name: "disk", tier: "medium", at: "medium", intervalMs: 5000, budgetSeconds: 0.005 } as const;
    const rows = [{ ...row, seconds: 0, reads: 1, failures: 0, readAt: rig.clock.time, note: null }];
    const { epoch } = rig.web.hello;
    rig.web.send(encodeLinkText({ type: "table", epoch, at: rig.clock.time, table: "collectors", total: 1, rows }));
    expect(check(rig.pass(14), "collectors")).toMatchObject({ state: "healthy", reason: "All read in time" });
    expect(rig.keeper.health().state).toBe("healthy");
    expect(check(rig.pass(3), "collectors")).toMatchObject({
      state: "unknown",
      reason: expect.stringMatching(/^disk on web-1 was last read 1[67] s ago$/),
    });
    expect(rig.keeper.health()).toMatchObject({ state: "unknown", score: null });
  });

  it("tells what the hub could not keep or deliver", () => {
    rig.pass(5);
    rig.store = { ...rig.store, state: "failing", lastError: "disk full", dropped: 3 };
    rig.undelivered = 2;
    const health = rig.pass(1);
    expect(health.state).toBe("degraded");
    expect(health.reasons).toEqual([
      "History can't be kept: disk full, 3 samples lost",
      "2 notices could not be delivered",
    ]);
    rig.store = { ...rig.store, state: "ok" };
    rig.undelivered = 0;
    expect(rig.pass(20).state).toBe("degraded");
    expect(rig.pass(12).state).toBe("healthy");
  });

  it("is told again twice a day, so that a look at a day finds it", () => {
    const hour = 3_600_000;
    const begunAt = rig.clock.time;
    const look = (hours: number): void => rig.keeper.observe(begunAt + hours * hour, begunAt + hours * hour);
    for (const hours of [0, 1, 12, 13, 14, 25]) look(hours);
    expect(rig.events.map(({ kind, subject, at }) => `${kind} ${subject} ${(at - begunAt) / hour}`)).toEqual([
      "health.changed healthy 1",
      "health.changed healthy 13",
      "health.changed healthy 25",
    ]);
  });

  it("looks at seconds that were missed, so that no failure is left out", () => {
    rig.pass(10, () => rig.messages(50));
    for (let s = 0; s < 20; s++) {
      rig.second(() => {
        rig.messages(50, 25);
        rig.web.snapshot();
      });
    }
    rig.keeper.observe(rig.current.at ?? 0, rig.clock.time);
    expect(check(rig.keeper.health(), "ws-errors")).toMatchObject({ state: "unhealthy" });
  });
});
