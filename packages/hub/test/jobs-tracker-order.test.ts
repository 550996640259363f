import type { JobEvent } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JobsRig, T0, type Told } from "./jobs-tracker-rig.ts";

/** How a try goes: how it ends, and what it tells on its way. */
const TRY = fc.record({
  end: fc.constantFrom("retry" as const, "stall" as const, "by-hand" as const),
  reports: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 3 }),
  gap: fc.integer({ min: 1, max: 5000 }),
});
const STORY = fc.record({
  tries: fc.array(TRY, { maxLength: 4 }),
  end: fc.constantFrom("completed" as const, "failed" as const, "active" as const, "removed" as const),
  delayMs: fc.constantFrom(0, 0, 3000),
});
type Story = typeof STORY extends fc.Arbitrary<infer T> ? T : never;

/** What is told of a job that lives as a story has it. With `numbered`, tries say which they are. */
function tell({ tries, end, delayMs }: Story, numbered: boolean, from = 0, createdAt?: number): Told[] {
  const told: Told[] = [];
  let at = from;
  let attempt = 0;
  const common = createdAt === undefined ? {} : { createdAt };
  const say = (event: Told): void => void told.push({ ...common, ...event } as Told);
  const number = (): { attempt?: number } => (numbered ? { attempt } : {});
  say({ kind: "queued", at, userId: "ada", sizeBytes: 2e6, plan: "premium", name: "ocr", delayMs, maxAttempts: 5 });
  at += delayMs;
  for (const { end: over, reports, gap } of tries) {
    attempt++;
    at += gap;
    say({ kind: "started", at, worker: `w-${attempt}`, ...number() });
    for (const percent of reports) {
      at += gap;
      say({ kind: "progress", at, percent, stage: `at ${percent}`, ...number() });
    }
    at += gap;
    if (over === "stall") say({ kind: "stalled", at, ...number() });
    else say({ kind: "failed", at, error: `no ${attempt}`, final: over === "by-hand", ...number() });
    if (over !== "by-hand") continue;
    at += gap + 1000;
    say({ kind: "retried", at });
  }
  if (end === "removed") {
    say({ kind: "removed", at: at + 1 });
    return told;
  }
  attempt++;
  say({ kind: "started", at: at + 7, worker: "last", ...number() });
  say({ kind: "progress", at: at + 1500, percent: 70, stage: "nearly", ...number() });
  if (end === "completed") say({ kind: "completed", at: at + 1501, result: '"done"', ...number() });
  if (end === "failed") say({ kind: "failed", at: at + 1501, error: "for good", final: true, ...number() });
  return told;
}

/** What people see of the job once all is told, however often and in whatever order. */
async function lived(told: readonly Told[]): Promise<object> {
  const rig = await new JobsRig().ready();
  rig.now = T0 + 1e6;
  for (const event of told) rig.tell(event);
  const detail = await rig.jobs.find("docs", "1");
  if (detail === null) throw new Error("the job is not known");
  const { estimate, firstEstimate, explanation, steps, ...rest } = detail;
  // Reports of progress are thinned out as they come.
  return { ...rest, steps: steps.filter(({ kind }) => kind !== "progress") };
}

/** All of them, some twice, in any order. */
function shuffled(told: readonly Told[]): fc.Arbitrary<readonly Told[]> {
  const twice = fc.subarray([...told]).map((again) => [...told, ...again]);
  return twice.chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
}

describe("whatever the order in which events of a job come, and however often", () => {
  for (const [how, numbered] of [
    ["say which try they are of", true],
    ["don't", false],
  ] as const) {
    test(`it ends in the same state, when they ${how}`, async () => {
      const cases = STORY.map((story) => tell(story, numbered)).chain((told) =>
        shuffled(told).map((order) => ({ told, order })),
      );
      await fc.assert(
        fc.asyncProperty(cases, async ({ told, order }) => {
          expect(await lived(order)).toEqual(await lived(told));
        }),
        { numRuns: 400 },
      );
    });
  }

  for (const [how, dated] of [
    ["that say when they were made", true],
    ["that don't", false],
  ] as const) {
    test(`of two lives of one id ${how} the newer one counts`, async () => {
      const ended = STORY.map((story) => ({
        ...story,
        end: story.end === "active" ? ("completed" as const) : story.end,
      }));
      const cases = fc.tuple(ended, STORY).chain(([first, second]) => {
        const before = tell(first, true, 0, dated ? T0 : undefined);
        const after = tell(second, true, 200_000, dated ? T0 + 200_000 : undefined);
        return shuffled([...before, ...after]).map((order) => ({ after, order }));
      });
      await fc.assert(
        fc.asyncProperty(cases, async ({ after, order }) => {
          expect(await lived(order)).toEqual(await lived(after));
        }),
        { numRuns: 300 },
      );
    });
  }

  test("progress never runs backwards within a try, after each event in any order", async () => {
    const cases = STORY.map((story) => tell(story, true)).chain(shuffled);
    await fc.assert(
      fc.asyncProperty(cases, async (order) => {
        const rig = await new JobsRig().ready();
        rig.now = T0 + 1e6;
        let before: { attempt: number; percent: number | null } = { attempt: 0, percent: null };
        for (const event of order) {
          rig.tell(event);
          const [row] = rig.list().rows;
          if (row === undefined) continue;
          if (row.attempt === before.attempt && row.state === "active" && row.percent !== null)
            expect(row.percent).toBeGreaterThanOrEqual(before.percent ?? 0);
          before = row.state === "active" ? row : { attempt: 0, percent: null };
        }
      }),
      { numRuns: 200 },
    );
  });

  test("anything at all neither throws nor leaves anything that is not bounded", async () => {
    const kinds: readonly JobEvent["kind"][] = [
      "queued",
      "started",
      "progress",
      "completed",
      "failed",
      "retried",
      "stalled",
      "removed",
    ];
    const any = fc.array(
      fc.record(
        {
          kind: fc.constantFrom(...kinds),
          at: fc.integer({ min: 0, max: 5000 }),
          attempt: fc.integer({ min: 1, max: 4 }),
          createdAt: fc.integer({ min: T0, max: T0 + 3 }),
          percent: fc.integer({ min: 0, max: 100 }),
          worker: fc.constantFrom("a", "b"),
          startedAt: fc.integer({ min: T0, max: T0 + 5000 }),
          final: fc.boolean(),
        },
        { requiredKeys: ["kind", "at"] },
      ),
      { maxLength: 150 },
    );
    await fc.assert(
      fc.asyncProperty(any, async (events) => {
        const rig = await new JobsRig().ready();
        rig.now = T0 + 10_000;
        for (const event of events) rig.tell(event as Told);
        rig.wait(3000);
        const detail = await rig.jobs.find("docs", "1");
        if (detail === null) return;
        const { waiting, active, delayed } = rig.jobs.totals();
        const isLive = detail.state === "waiting" || detail.state === "delayed" || detail.state === "active";
        expect(waiting + active + delayed).toBe(isLive ? 1 : 0);
        expect(detail.steps.length).toBeLessThanOrEqual(64);
        expect(detail.runMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(detail.waitMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(rig.jobs.workers().rows.reduce((sum, row) => sum + row.active, 0)).toBeLessThanOrEqual(1);
        expect(rig.errors).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
