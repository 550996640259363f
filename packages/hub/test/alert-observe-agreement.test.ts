import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLibsqlStore, createStoredObserver } from "@wsight/hub";
import { type AlertRule, INDICATORS } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { type FakeProbe, START } from "./current-rig.ts";
import { NOTHING_FIRES, ObserveRig, ruleOn } from "./observe-rig.ts";

const OPEN = "websocket.server.active_connections";
const MESSAGES = "websocket.server.messages";
const LATENCY = "websocket.server.message.latency";
const DISK = "system.disk.io";
const MEMORY = "system.memory.utilization";

const FIGURES: readonly (Partial<AlertRule> & Pick<AlertRule, "metric" | "agg">)[] = [
  ...(["rate", "increase", "total"] as const).flatMap((agg) => [
    { metric: MESSAGES, agg },
    { metric: MESSAGES, agg, groupBy: ["node"] },
    { metric: MESSAGES, agg, groupBy: ["event", "service"], filter: { where: { direction: "in" } } },
    { metric: DISK, agg },
    { metric: DISK, agg, groupBy: ["disk.io.direction"] },
  ]),
  ...(["mean", "min", "max", "sum", "last"] as const).flatMap((agg) => [
    { metric: OPEN, agg },
    { metric: OPEN, agg, groupBy: ["service"] },
    { metric: MEMORY, agg },
    { metric: MEMORY, agg, groupBy: ["node"], filter: { nodes: ["chat/a", "jobs/c"] } },
  ]),
  ...(["rate", "count", "mean", "min", "max", "p50", "p75", "p90", "p95", "p99", "p999"] as const).flatMap((agg) => [
    { metric: LATENCY, agg },
    { metric: LATENCY, agg, groupBy: ["node"] },
  ]),
];

/** Numbers that look like chance and are the same each time (mulberry32). */
function createDice(): () => number {
  let state = 42;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seconds in which the second process is not heard of; the first of them are the end of ten, the others of the next ten. */
const SILENT = { from: 37, to: 43 };

/** Whether a process says something in a second: one is silent for a while, one goes for good without a word. */
function speaks(process: number, second: number): boolean {
  if (process === 1) return second < SILENT.from || second > SILENT.to;
  return process !== 2 || second < 52;
}

/** Four processes with everything in it: fractions, bursts, idle seconds, late joiners, a restart, a silence, an end. */
function live(rig: ObserveRig, after: (at: number) => void): void {
  const dice = createDice();
  const probes: FakeProbe[] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
  for (let second = 0; second < 80; second++) {
    const at = rig.second(() => {
      if (second === 23) probes.push(rig.probe({ service: "jobs", instance: "c" }));
      if (second === 55) probes.push(rig.probe({ service: "jobs", instance: "d" }));
      if (second === 31) probes[1]?.restart(2);
      for (const [i, probe] of probes.entries()) if (speaks(i, second)) say(probe, i, second, dice);
    });
    after(at);
  }
}

function say(probe: FakeProbe, i: number, second: number, dice: () => number): void {
  probe.set("process.uptime", second + 1);
  probe.set(OPEN, Math.floor(dice() * 40), { "ws.library": "ws", transport: "websocket" });
  if (i === 0) probe.set(OPEN, Math.floor(dice() * 10), { "ws.library": "ws", transport: "polling" });
  probe.set(MEMORY, 0.4 + dice() / 3);
  probe.set("websocket.server.connection.limit", 100 + i);
  probe.grow(DISK, Math.floor(dice() * 5000), { "disk.io.direction": "read" });
  probe.grow(DISK, Math.floor(dice() * 900), { "disk.io.direction": "write" });
  for (const event of ["chat", "typing"]) {
    const grown = dice() < 0.3 ? 0 : Math.floor(dice() * 50);
    probe.grow(MESSAGES, grown, { "ws.library": "ws", direction: "in", event });
    probe.grow("websocket.server.handler.errors", Math.floor(grown * dice() * 0.2), { "ws.library": "ws", event });
  }
  // Of a distribution that never had a value nobody knows yet that it will be there.
  if (dice() < 0.7 || probe.seq === 0) probe.record(LATENCY, [dice() * 0.1, dice() * 0.01, 0], { source: "handler" });
  probe.snapshot();
}

/** The same to nine digits. */
function near(value: number): unknown {
  return expect.closeTo(value, 9 - Math.ceil(Math.log10(Math.abs(value) + 1)));
}

/** Lets processes live and notes what rules see in each second. */
function watch(rig: ObserveRig, rules: readonly AlertRule[]) {
  const seen = new Map(rules.map((rule) => [rule, new Map<number, ReadonlyMap<string, number>>()]));
  live(rig, (at) => {
    for (const rule of rules) seen.get(rule)?.set(at, rig.see(rule, at));
  });
  return (rule: AlertRule, at: number) => seen.get(rule)?.get(at) ?? new Map<string, number>();
}

/** While a process is silent nobody knows yet what grows in it; history knows it later. */
function isHindsight(at: number): boolean {
  const second = (at - START) / 1000;
  return second >= SILENT.from && second <= SILENT.to;
}

describe("what rules see live", () => {
  it("is what a query of the real store says of the same seconds", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "wsight-observe-"));
    const store = await createLibsqlStore({ dataDir });
    const rig = new ObserveRig(store);
    const rules = FIGURES.map((figure) => ruleOn(figure));
    try {
      const seen = watch(rig, rules);
      await rig.written();
      const at = rig.current.at ?? 0;
      const fromAt = Math.ceil((rig.current.oldestAt ?? 0) / 10_000) * 10_000;
      let compared = 0;
      for (const rule of rules) {
        const { metric, agg, filter, groupBy: by } = rule;
        if (agg === "value") continue;
        const query = { selectors: [{ metric, agg, ...filter, by, top: 50 }], fromAt, toAt: at + 1000, stepMs: 10_000 };
        const answer = await store.ask("query", query);
        for (const { labels, values } of answer.results[0]?.lines ?? []) {
          for (const [i, value] of values.entries()) {
            const end = fromAt + i * 10_000 + 9000;
            if (end > at || isHindsight(end)) continue;
            const live = seen(rule, end).get(JSON.stringify(labels));
            const what = `${agg}(${metric}) ${JSON.stringify(labels)} ${i}`;
            expect(live, what).toEqual(value === null ? undefined : near(value));
            compared++;
          }
        }
      }
      expect(compared).toBeGreaterThan(300);
    } finally {
      await store.close();
      rmSync(dataDir, { recursive: true });
    }
  });

  it("is what a back-test sees of the same seconds, whatever the window", async () => {
    const rig = new ObserveRig();
    const indicators = INDICATORS.filter(({ name }) => name.startsWith("websocket.")).map(({ name }) => name);
    const figures = [...FIGURES, ...indicators.map((metric) => ({ metric, agg: "value" as const }))];
    const rules = figures.flatMap((figure) => [1, 7, 45].map((windowSec) => ruleOn({ ...figure, windowSec })));
    const seen = watch(rig, rules);
    await rig.written();
    const { at, oldestAt } = rig.current;
    let compared = 0;
    for (const rule of rules) {
      const fromAt = oldestAt ?? 0;
      const toAt = (at ?? 0) + 1000;
      const { signal } = new AbortController();
      const stored = await createStoredObserver({ reader: rig.reader, rule, fromAt, toAt, linePoints: 1000, signal });
      expect(stored.resolutionMs).toBe(1000);
      for (let second = fromAt; second < toAt; second += 1000) {
        await stored.load(second);
        if (isHindsight(second)) continue;
        const was = stored.observe(rule, second, NOTHING_FIRES);
        const expected = new Map([...seen(rule, second)].map(([key, value]) => [key, near(value)]));
        const what = `${rule.agg}(${rule.metric}) ${rule.groupBy} over ${rule.windowSec} s at ${(second - fromAt) / 1000}`;
        expect(new Map(was.map(({ labels, value }) => [JSON.stringify(labels), value])), what).toEqual(expected);
        compared += was.length;
      }
    }
    expect(compared).toBeGreaterThan(5000);
  });

  it("is what a back-test in the real store draws", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "wsight-observe-"));
    const store = await createLibsqlStore({ dataDir });
    const rig = new ObserveRig(store);
    const rules = [
      ruleOn({ metric: LATENCY, agg: "p95", groupBy: ["node"], everySec: 1 }),
      ruleOn({ metric: MESSAGES, agg: "rate", groupBy: ["service"], everySec: 1, windowSec: 30 }),
      ruleOn({ metric: "websocket.server.error_ratio", agg: "value", groupBy: ["event"], everySec: 1, warn: 0.05 }),
    ];
    try {
      const seen = watch(rig, rules);
      await rig.written();
      const fromAt = rig.current.oldestAt ?? 0;
      const toAt = (rig.current.at ?? 0) + 1000;
      for (const rule of rules) {
        const answer = await store.ask("backTest", { rule, fromAt, toAt });
        expect(answer).toMatchObject({ fromAt, toAt, stepMs: 1000, resolutionMs: 1000 });
        expect(answer.lines.length).toBe(seen(rule, toAt - 1000).size + (rule.groupBy.includes("node") ? 1 : 0));
        for (const { labels, values } of answer.lines) {
          for (const [i, value] of values.entries()) {
            const at = fromAt + i * 1000;
            if (isHindsight(at)) continue;
            const live = seen(rule, at).get(JSON.stringify(labels));
            expect(live, `${rule.metric} ${JSON.stringify(labels)} ${i}`).toEqual(
              value === null ? undefined : near(value),
            );
          }
        }
      }
    } finally {
      await store.close();
      rmSync(dataDir, { recursive: true });
    }
  });
});
