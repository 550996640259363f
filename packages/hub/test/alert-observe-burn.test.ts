import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLibsqlStore, createStoredObserver, type Store } from "@wsight/hub";
import type { AlertRule, BurnWindow } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { NOTHING_FIRES, ObserveRig, ruleOn } from "./observe-rig.ts";

const MESSAGES = "websocket.server.messages";
const ERRORS = "websocket.server.handler.errors";

function burnRule(windows: readonly BurnWindow[], parts: Partial<AlertRule> = {}): AlertRule {
  const metric = "websocket.server.error_ratio";
  const burnRate = { objective: 0.99, windows };
  return ruleOn({ metric, agg: "value", kind: "burn_rate", warn: null, groupBy: ["service"], burnRate, ...parts });
}

/** 100 messages a second, of which `bad` fail. */
function serve(rig: ObserveRig, seconds: number, bad: number, after: () => void = () => {}): void {
  const [probe = rig.probe()] = rig.probes;
  if (rig.probes.length === 0) rig.probes.push(probe);
  for (let second = 0; second < seconds; second++) {
    rig.second(() => {
      probe.grow(MESSAGES, 100, { direction: "in", event: "chat" }).grow(ERRORS, bad, { event: "chat" });
      probe.set("process.uptime", 1).snapshot();
    });
    after();
  }
}

const see = (rig: ObserveRig, rule: AlertRule) => rig.observer.observe(rule, rig.current.at ?? 0, NOTHING_FIRES)[0];

describe("a burn rate", () => {
  let store: Store | null = null;
  let dataDir = "";

  afterEach(async () => {
    await store?.close();
    store = null;
    if (dataDir !== "") rmSync(dataDir, { recursive: true });
    dataDir = "";
  });

  const fast: BurnWindow = { longSec: 60, shortSec: 10, factor: 10, severity: "critical" };
  const slow: BurnWindow = { longSec: 300, shortSec: 60, factor: 2, severity: "warning" };

  it("breaches when both windows of a pair burn, and ends when the short one does not any more", () => {
    const rig = new ObserveRig();
    const rule = burnRule([fast, slow]);
    serve(rig, 300, 0);
    expect(see(rig, rule)).toMatchObject({ value: 0, level: null, good: true, samples: 30_000 });
    // 30 % of errors burn 30 times as fast as 1 % allows; the minute is beyond 10 times after 20 s of them.
    serve(rig, 19, 30);
    expect(see(rig, rule)).toMatchObject({ level: null });
    serve(rig, 2, 30);
    expect(see(rig, rule)).toMatchObject({ level: "critical", good: false, limit: 10 });
    expect(see(rig, rule)?.value).toBeCloseTo(10.5, 6);
    serve(rig, 12, 0);
    // The ten seconds are clean; the slow pair still burns: 21 × 30 % of five minutes.
    expect(see(rig, rule)).toMatchObject({ level: "warning", limit: 2 });
    expect(see(rig, rule)?.value).toBeCloseTo(2.1, 6);
    serve(rig, 60, 0);
    expect(see(rig, rule)).toMatchObject({ level: null, good: true });
  });

  it("reads windows beyond what is held from history, and adds the newest minutes", async () => {
    dataDir = mkdtempSync(join(tmpdir(), "wsight-burn-"));
    store = await createLibsqlStore({ dataDir });
    const rig = new ObserveRig(store);
    const rule = burnRule([{ longSec: 3600, shortSec: 300, factor: 2, severity: "warning" }]);
    serve(rig, 1800, 1);
    serve(rig, 1200, 4);
    await rig.written();
    expect(see(rig, rule)).toBeUndefined();
    await until(() => see(rig, rule) !== undefined, { what: "the past" });
    expect(see(rig, rule)?.value).toBeCloseTo((1800 + 1200 * 4) / 3000, 6);
    expect(see(rig, rule)).toMatchObject({ level: "warning", samples: 300_000 });
    serve(rig, 30, 0);
    expect(see(rig, rule)?.value).toBeCloseTo((1800 + 1200 * 4) / 3030, 6);
    expect(rig.errors).toEqual([]);
  });

  it("says once that history fails, and knows nothing meanwhile", async () => {
    const down: Pick<Store, "ask"> = { ask: () => Promise.reject(new Error("away")) };
    const rig = new ObserveRig(null, down);
    const rule = burnRule([{ longSec: 3600, shortSec: 300, factor: 2, severity: "warning" }]);
    for (let i = 0; i < 3; i++) {
      serve(rig, 60, 50);
      expect(see(rig, rule)).toBeUndefined();
      await new Promise(setImmediate);
    }
    expect(rig.errors).toMatchObject([{ message: "away" }]);
  });

  it("can't have long windows where no history is kept", () => {
    const rig = new ObserveRig();
    const rule = burnRule([{ longSec: 3600, shortSec: 300, factor: 2, severity: "warning" }]);
    expect(() => see(rig, rule)).toThrow("burnRate: windows beyond 900 s are read from history, and none is kept");
  });

  it("is the same in a back-test, by minutes", async () => {
    const rig = new ObserveRig();
    const rule = burnRule([{ longSec: 600, shortSec: 120, factor: 5, severity: "critical" }]);
    const live = new Map<number, number>();
    const note = () => {
      const { at } = rig.current;
      if (at !== null) live.set(at, see(rig, rule)?.value ?? Number.NaN);
    };
    serve(rig, 600, 0, note);
    serve(rig, 300, 20, note);
    serve(rig, 300, 0, note);
    await rig.written();
    const { signal } = new AbortController();
    const toAt = (rig.current.at ?? 0) + 1000;
    const parts = { reader: rig.reader, rule, fromAt: toAt - 600_000, toAt, linePoints: 1000, signal };
    const stored = await createStoredObserver(parts);
    expect(stored.resolutionMs).toBe(60_000);
    let compared = 0;
    for (let at = stored.fromAt + 59_000; at < toAt; at += 60_000) {
      await stored.load(at);
      const [one] = stored.observe(rule, at, NOTHING_FIRES);
      expect(one?.value).toBeCloseTo(live.get(at) ?? Number.NaN, 9);
      compared++;
    }
    expect(compared).toBeGreaterThan(8);
    expect(stored.instances).toBe(1);
    expect(stored.coverage).toBeCloseTo(1, 1);
    expect(stored.unit).toBe("");
  });
});
