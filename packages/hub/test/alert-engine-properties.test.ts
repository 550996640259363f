import type { AlertRule } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineRig, EVERY_SEC, ruleWith, T0, ToldObserver } from "./alert-rig.ts";

const RUNS = { numRuns: 200 };
const EVERY_MS = EVERY_SEC * 1000;
const NODES = ["a/1", "b/1"] as const;

const seconds = fc.integer({ min: 0, max: 6 }).map((turns) => turns * EVERY_SEC);
const rule = fc
  .record({
    forSec: seconds,
    keepFiringSec: seconds,
    flap: fc.constantFrom(null, { transitions: 4, windowSec: 600, holdSec: 60 }),
    noData: fc.record({ mode: fc.constantFrom("ok", "keep", "no_data", "firing"), afterSec: seconds }),
    repeatSec: fc.constantFrom(0, 300),
  })
  .map((parts) => ruleWith(parts as Partial<AlertRule>));
/** Stretches rather than noise: most of what happens takes longer than one evaluation. */
const story = fc
  .array(
    fc.tuple(fc.constantFrom(..."..~wwcc-!x"), fc.integer({ min: 1, max: 9 })).map(([letter, n]) => letter.repeat(n)),
    { minLength: 5, maxLength: 25 },
  )
  .map((stretches) => stretches.join(""));
/** Evaluations before which the hub is started anew. */
const restarts = fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 4 });

/** What becomes of two stories, with restarts from what was committed. */
function play(ruled: AlertRule, stories: readonly string[], restartsAt: readonly number[] = []): EngineRig {
  const rig = new EngineRig([ruled], undefined, new ToldObserver());
  for (const [i, node] of NODES.entries()) rig.observer.tell(stories[i] ?? "", node);
  const turns = Math.max(...stories.map(({ length }) => length));
  for (let turn = 0; turn < turns; turn++) {
    if (restartsAt.includes(turn)) rig.restart(0);
    rig.turns(1);
  }
  return rig;
}

describe("whatever happens", () => {
  test("the same samples make the same commits", () => {
    fc.assert(
      fc.property(rule, story, story, (ruled, ...stories) => {
        expect(play(ruled, stories).commits).toEqual(play(ruled, stories).commits);
      }),
      RUNS,
    );
  });

  test("no end is told before a beginning, none twice, and of no episode anything after its end", () => {
    fc.assert(
      fc.property(rule, story, story, restarts, (ruled, a, b, restartsAt) => {
        const { notices } = play(ruled, [a, b], restartsAt);
        const kindsOf = new Map<string, string[]>();
        for (const { notice } of notices) {
          if (notice.episodeId === null) continue;
          kindsOf.set(notice.episodeId, [...(kindsOf.get(notice.episodeId) ?? []), notice.kind]);
        }
        for (const kinds of kindsOf.values()) {
          expect(["firing", "no_data"]).toContain(kinds[0]);
          expect(kinds.slice(0, -1)).not.toContain("resolved");
          expect(kinds.filter((kind) => kind === "firing").length).toBeLessThanOrEqual(1);
        }
        const keys = notices.map(({ dedupeKey }) => dedupeKey);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      RUNS,
    );
  });

  test("every episode that ended was told to have ended, and those that go on are known", () => {
    fc.assert(
      fc.property(rule, story, story, restarts, (ruled, a, b, restartsAt) => {
        const rig = play(ruled, [a, b], restartsAt);
        const ended = new Set(
          rig.notices.filter((it) => it.notice.kind === "resolved").map((it) => it.notice.episodeId),
        );
        const open = new Set(rig.engine.openEpisodes().map(({ id }) => id));
        for (const { id, endedAt } of rig.episodes.values()) {
          expect(ended.has(id)).toBe(endedAt !== null);
          expect(open.has(id)).toBe(endedAt === null);
        }
      }),
      RUNS,
    );
  });

  test("no breach that lasts two evaluations longer than it must is lost, and it is told in time", () => {
    fc.assert(
      fc.property(rule, story, (ruled, told) => {
        const { episodes, notices } = play(ruled, [told]);
        const needed = ruled.forSec / EVERY_SEC + 2;
        for (const { start, length } of breaches(told)) {
          if (length < needed) continue;
          const dueAt = T0 + (start + needed) * EVERY_MS;
          const covering = [...episodes.values()].find(
            ({ startedAt, endedAt }) => startedAt <= dueAt && (endedAt === null || endedAt > T0 + start * EVERY_MS),
          );
          expect(covering).toBeDefined();
          const first = notices.find(({ notice }) => notice.episodeId === covering?.id);
          expect(first?.notice.at).toBeLessThanOrEqual(dueAt);
        }
      }),
      RUNS,
    );
  });

  test("what is only missing never ends anything, unless the rule says that it is in range", () => {
    fc.assert(
      fc.property(rule, story, (ruled, told) => {
        fc.pre(ruled.noData.mode !== "ok");
        const rig = play(ruled, [told]);
        for (const { endedAt, endReason } of rig.episodes.values()) {
          if (endedAt === null || endReason === "series_ended") continue;
          const letter = told[(endedAt - T0) / EVERY_MS];
          expect(".~wc").toContain(letter);
        }
      }),
      RUNS,
    );
  });

  test("a restart at any time changes nothing but how long what waits waits: nothing is lost or told twice", () => {
    fc.assert(
      fc.property(rule, story, restarts, (ruled, told, restartsAt) => {
        // What fails or has ended is forgotten by a restart where nothing was kept of it: another matter.
        fc.pre(!/[!x]/.test(told) && ruled.noData.mode === "keep");
        const whole = play(ruled, [told]);
        const parted = play(ruled, [told], restartsAt);
        const firings = (rig: EngineRig): number => rig.notices.filter(({ notice }) => notice.kind === "firing").length;
        if (ruled.forSec === 0 && ruled.keepFiringSec === 0) expect(parted.told()).toEqual(whole.told());
        else expect(firings(parted)).toBeLessThanOrEqual(firings(whole) + restartsAt.length);
      }),
      RUNS,
    );
  });
});

/** Unbroken runs of samples beyond a limit. */
function breaches(told: string): readonly { start: number; length: number }[] {
  return [...told.matchAll(/[wc]+/g)].map(({ index, 0: run }) => ({ start: index, length: run.length }));
}
