import { ANALYSES } from "@wsight/hub";
import type { AlertRule, BackTestAnswer } from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import { ruleWith, T0 } from "./alert-rig.ts";
import { MemoryReader } from "./memory-reader.ts";

const METRIC = "websocket.server.active_connections";
const LABELS = { "ws.library": "ws", "ws.server": "main", transport: "websocket" };
const NEVER = new AbortController().signal;

/** Connections of a node, one value for each second after `T0`; `null` is a second without. */
function connections(reader: MemoryReader, values: readonly (number | null)[], node = "a/1"): MemoryReader {
  for (const [second, value] of values.entries()) {
    if (value === null) continue;
    const at = T0 + second * 1000;
    reader.gauge(node, METRIC, LABELS, at, value).gauge(node, "process.uptime", {}, at, second + 1);
  }
  return reader;
}

/** So many seconds of a value. */
function of(value: number | null, seconds: number): readonly (number | null)[] {
  return new Array<number | null>(seconds).fill(value);
}

function ruled(parts: Partial<AlertRule> = {}): AlertRule {
  return ruleWith({ windowSec: 1, everySec: 1, forSec: 10, keepFiringSec: 20, ...parts });
}

function backTest(reader: MemoryReader, rule: AlertRule, seconds: number): Promise<BackTestAnswer> {
  return ANALYSES.backTest(reader, { rule, fromAt: T0, toAt: T0 + seconds * 1000 }, NEVER);
}

/** Seconds after T0. */
function secondsOf(at: number | null): number | null {
  return at === null ? null : (at - T0) / 1000;
}

describe("a rule that is tried on the past", () => {
  test("fires when it would have fired, and ends when it would have ended", async () => {
    const reader = connections(new MemoryReader(), [...of(5, 60), ...of(15, 30), ...of(25, 10), ...of(5, 100)]);
    const answer = await backTest(reader, ruled(), 200);
    const [episode] = answer.episodes;
    expect(answer).toMatchObject({ firings: 1, resolutionMs: 1000, instances: 1, coverage: 1, unit: "{connection}" });
    expect(episode).toMatchObject({ labels: { node: "a/1" }, severity: "critical", peak: 25, endReason: "recovered" });
    expect(secondsOf(episode?.activeAt ?? null)).toBe(60);
    expect(secondsOf(episode?.startedAt ?? null)).toBe(70);
    expect(secondsOf(episode?.endedAt ?? null)).toBe(120);
    expect(answer.firingMs).toBe(50_000);
    expect(answer.limits).toEqual({ warn: 10, crit: 20 });
  });

  test("what a bare comparison would have told is counted beside what is told", async () => {
    const noisy = Array.from({ length: 300 }, (_, second) => (second % 4 === 0 ? 15 : 5));
    const answer = await backTest(connections(new MemoryReader(), noisy), ruled(), 300);
    expect(answer).toMatchObject({ firings: 0, notices: 0, naiveNotices: 150 });
  });

  test("messages are counted as the usual route groups them", async () => {
    const reader = new MemoryReader();
    const story = [...of(5, 60), ...of(15, 60), ...of(5, 120)];
    for (const node of ["a/1", "b/1", "c/1"]) connections(reader, story, node);
    const answer = await backTest(reader, ruled(), 240);
    // Three firings at once are one message, and so are their three ends.
    expect(answer).toMatchObject({ firings: 3, notices: 2, naiveNotices: 6, instances: 3 });
  });

  test("what still fires at the end is told to go on", async () => {
    const answer = await backTest(connections(new MemoryReader(), [...of(5, 50), ...of(15, 50)]), ruled(), 100);
    expect(answer.episodes).toMatchObject([{ endedAt: null, endReason: null }]);
    expect(answer.firingMs).toBe(40_000);
  });

  test("what nothing is known of is no breach and no end", async () => {
    const reader = connections(new MemoryReader(), [...of(15, 60), ...of(null, 60), ...of(15, 10), ...of(5, 60)]);
    const answer = await backTest(reader, ruled(), 190);
    expect(answer.firings).toBe(1);
    expect(secondsOf(answer.episodes[0]?.endedAt ?? null)).toBe(150);
    expect(answer.coverage).toBeCloseTo(130 / 190, 1);
  });

  test("where no second is kept any more, it is tried on what is, and says so", async () => {
    const reader = new MemoryReader();
    for (let minute = 0; minute < 600; minute++) {
      const value = minute >= 300 && minute < 330 ? 15 : 5;
      reader.gauge("a/1", METRIC, LABELS, T0 + minute * 60_000, value, 60_000);
    }
    const answer = await backTest(reader, ruled({ windowSec: 60, forSec: 120, keepFiringSec: 120 }), 36_000);
    expect(answer.resolutionMs).toBe(60_000);
    expect(answer.firings).toBe(1);
    const [{ startedAt = 0, endedAt = 0 } = {}] = answer.episodes;
    expect(startedAt).toBeGreaterThanOrEqual(T0 + 300 * 60_000);
    expect(startedAt).toBeLessThanOrEqual(T0 + 304 * 60_000);
    expect(endedAt).toBeLessThanOrEqual(T0 + 334 * 60_000);
  });

  test("the newest 500 firings are told, all are counted", async () => {
    const story = Array.from({ length: 6600 }, (_, second) => (second % 10 < 5 ? 15 : 5));
    const answer = await backTest(connections(new MemoryReader(), story), ruled({ forSec: 0, keepFiringSec: 0 }), 6600);
    expect(answer.firings).toBe(660);
    expect(answer.episodes).toHaveLength(500);
    expect(secondsOf(answer.episodes[0]?.startedAt ?? null)).toBe(6590);
    // At most one message a minute.
    expect(answer.notices).toBeLessThanOrEqual(112);
  });

  test("the figure comes with it, the busiest nodes first, no breach hidden between two points", async () => {
    const reader = connections(new MemoryReader(), of(5, 3600));
    connections(reader, [...of(5, 1800), 50, ...of(5, 1799)], "b/1");
    const answer = await backTest(reader, ruled(), 3600);
    expect(answer.stepMs).toBe(4000);
    expect(answer.linesFromAt).toBe(T0);
    expect(answer.lines.map(({ labels }) => labels.node)).toEqual(["b/1", "a/1"]);
    expect(answer.lines[0]?.values).toHaveLength(900);
    expect(answer.lines[0]?.values[450]).toBe(50);
  });

  test("minutes of a past that has no more come by the second, not as one point of a week", async () => {
    const days = 7 * 86_400;
    const begins = days - 180;
    const reader = connections(new MemoryReader(), [...of(null, begins), ...of(5, 170), ...of(15, 10)]);
    const answer = await backTest(reader, ruled(), days);
    expect(answer.linesFromAt).toBeGreaterThanOrEqual(T0 + (begins - 5) * 1000);
    expect(answer.stepMs).toBeLessThanOrEqual(5000);
    const values = answer.lines[0]?.values.filter((value) => value !== null) ?? [];
    expect(values.length).toBeGreaterThan(30);
    expect(values.at(-1)).toBe(15);
  });

  test("it is tried though it is switched off", async () => {
    const answer = await backTest(connections(new MemoryReader(), of(15, 60)), ruled({ enabled: false }), 60);
    expect(answer.firings).toBe(1);
  });

  test("it ends when nobody waits any more", async () => {
    const reader = connections(new MemoryReader(), of(15, 60));
    const gone = AbortSignal.abort(new Error("left"));
    await expect(ANALYSES.backTest(reader, { rule: ruled(), fromAt: T0, toAt: T0 + 60_000 }, gone)).rejects.toThrow(
      "left",
    );
  });
});
