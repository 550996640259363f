import { createEstimator, type Estimator, type RunEstimate, type RunProgress } from "@wsight/hub";
import { describe, expect, it } from "vitest";
import { alike, featuresOf, meanOf, seeded, taught, teach } from "./eta-rig.ts";

const FEATURES = featuresOf();

describe("what is left of a run", () => {
  it("is what was said while it has not begun, and shrinks by the time that passes", () => {
    const estimator = taught(alike(400, 60_000, 0.2, 1));
    const said = estimator.predict(FEATURES);
    expect(estimator.remaining(FEATURES, said, silent(0))).toEqual({ p10: said.p10, p50: said.p50, p90: said.p90 });
    const half = estimator.remaining(FEATURES, said, silent(30_000));
    expect(half.p50).toBeGreaterThan(0.85 * 30_000);
    expect(half.p50).toBeLessThan(1.15 * 30_000);
  });

  it("is never nothing: who takes longer than expected is one of those that do", () => {
    const estimator = taught(alike(400, 10_000, 0.5, 2));
    const said = estimator.predict(FEATURES);
    const left = [1, 2, 4, 20].map((times) => estimator.remaining(FEATURES, said, silent(times * said.p50)));
    for (const { p10, p50, p90 } of left) {
      expect(p50).toBeGreaterThan(500);
      expect(p10).toBeLessThanOrEqual(p50);
      expect(p90).toBeGreaterThan(p50);
    }
    // Twenty times as long as expected: not just about to end.
    expect(left[3]?.p50).toBeGreaterThan(20_000);
  });

  it("is nearer than what was said less what passed, and its interval holds, once a run takes longer than said", () => {
    const estimator = taught(alike(600, 10_000, 0.6, 3));
    for (const times of [1, 1.5, 2]) {
      const late = teach(createEstimator(), alike(3000, 10_000, 0.6, 4)).flatMap(({ runMs, said: { prior } }) => {
        const said = estimator.predict(FEATURES);
        const elapsedMs = times * said.p50;
        if (prior || runMs <= elapsedMs) return [];
        return [{ left: runMs - elapsedMs, ...estimator.remaining(FEATURES, said, silent(elapsedMs)) }];
      });
      expect(late.length).toBeGreaterThan(200);
      const error = meanOf(late.map(({ left, p50 }) => Math.abs(left - p50)));
      expect(error).toBeLessThan(0.9 * meanOf(late.map(({ left }) => left)));
      const inside = meanOf(late.map(({ left, p10, p90 }) => (left >= p10 && left <= p90 ? 1 : 0)));
      expect(inside).toBeGreaterThan(0.7);
      expect(inside).toBeLessThan(0.92);
    }
  });

  it("of runs that are either short or long is that of a long one, once a short one would have ended", () => {
    const { unit } = seeded(6);
    const estimator = taught(
      alike(600, 1000, 0.1, 5).map((job) => (unit() < 0.3 ? { ...job, runMs: job.runMs * 100 } : job)),
    );
    const said = estimator.predict(FEATURES);
    expect(said.p50).toBeLessThan(2000);
    const { p50 } = estimator.remaining(FEATURES, said, silent(5000));
    expect(p50).toBeGreaterThan(60_000);
    expect(p50).toBeLessThan(130_000);
  });

  it("of a first guess is conditional, too", () => {
    const estimator = createEstimator();
    const said = estimator.predict(FEATURES);
    const { p10, p50, p90 } = estimator.remaining(FEATURES, said, silent(3 * said.p50));
    expect(p10).toBeGreaterThan(0);
    expect(p50).toBeGreaterThan(said.p50);
    expect(p90).toBeGreaterThan(p50);
  });
});

describe("progress", () => {
  it("that is told evenly takes over from the time: a run thrice as long as expected is seen at a tenth", () => {
    const estimator = steady();
    const said = estimator.predict(FEATURES);
    const { p50 } = estimator.remaining(FEATURES, said, { elapsedMs: 10_000, percent: 10, stuckForMs: 0 });
    expect(said.p50).toBeLessThan(30_000);
    expect(p50 / 90_000).toBeGreaterThan(0.7);
    expect(p50 / 90_000).toBeLessThan(1.3);
  });

  it("that has always lied is corrected by how much", () => {
    // At "90 %" half the time has passed.
    const estimator = createEstimator();
    learnWith(estimator, (runMs) => [[runMs / 2, 90]]);
    const said = estimator.predict(FEATURES);
    const { p50 } = estimator.remaining(FEATURES, said, { elapsedMs: 40_000, percent: 90, stuckForMs: 0 });
    expect(p50 / 40_000).toBeGreaterThan(0.6);
    expect(p50 / 40_000).toBeLessThan(1.4);
  });

  it("that means nothing is not listened to", () => {
    const { unit } = seeded(31);
    const estimator = createEstimator();
    learnWith(estimator, (runMs) => [[0.5 * runMs, 10 + 80 * unit()]]);
    const said = estimator.predict(FEATURES);
    const at = (percent: number): number =>
      estimator.remaining(FEATURES, said, { elapsedMs: 10_000, percent, stuckForMs: 0 }).p50;
    expect(at(15) / at(85)).toBeLessThan(4);
    const trusted = steady();
    const trustedAt = (percent: number): number =>
      trusted.remaining(FEATURES, said, { elapsedMs: 10_000, percent, stuckForMs: 0 }).p50;
    expect(trustedAt(15) / trustedAt(85)).toBeGreaterThan(10);
  });

  it("that is stuck gives way to the time that passed", () => {
    const estimator = steady();
    const said = estimator.predict(FEATURES);
    const left = (stuckForMs: number): number =>
      estimator.remaining(FEATURES, said, { elapsedMs: 9000 + stuckForMs, percent: 90, stuckForMs }).p50;
    expect(left(0)).toBeLessThan(1500);
    const longStuck = left(120_000);
    const byTime = estimator.remaining(FEATURES, said, silent(129_000)).p50;
    expect(longStuck).toBeGreaterThan(0.7 * byTime);
    expect(longStuck).toBeLessThan(1.3 * byTime);
  });

  it("that is told as soon as a run begins does not make it end at once", () => {
    // Runs were seen, but none of them told its progress.
    const estimator = taught(alike(40, 10_000, 0.2, 32));
    const said = estimator.predict(FEATURES);
    const { p50, p90 } = estimator.remaining(FEATURES, said, { elapsedMs: 6, percent: 10, stuckForMs: 2 });
    expect(p50).toBeGreaterThan(0.5 * said.p50);
    expect(p90).toBeGreaterThan(said.p50);
  });

  it("that comes in coarse steps does not end a run at the moment the next step was due", () => {
    const estimator = taught(alike(40, 3000, 0.3, 33));
    const said = estimator.predict(FEATURES);
    // 83 % after 2 s: the last step was due after 0.4 s, which are just over.
    const { p90 } = estimator.remaining(FEATURES, said, { elapsedMs: 2450, percent: 83, stuckForMs: 450 });
    expect(p90).toBeGreaterThan(200);
  });

  it("of nothing, of everything and of nonsense does no harm", () => {
    const estimator = steady();
    const said = estimator.predict(FEATURES);
    for (const percent of [0, 100, 250, -3, Number.NaN]) {
      for (const stuckForMs of [null, 0, 1e9]) {
        const { p10, p50, p90 } = estimator.remaining(FEATURES, said, { elapsedMs: 5000, percent, stuckForMs });
        expect(p10).toBeGreaterThanOrEqual(0);
        expect(p50).toBeGreaterThanOrEqual(p10);
        expect(p90).toBeGreaterThanOrEqual(p50);
        expect(Number.isFinite(p90)).toBe(true);
      }
    }
  });
});

describe("a run that was cut off", () => {
  it("moves estimates up when it had gone on for longer, and does nothing when it had not", () => {
    const estimator = taught(alike(30, 10_000, 0.1, 8));
    const before = estimator.predict(FEATURES).p50;
    for (let run = 0; run < 20; run++) estimator.censored(FEATURES, 2000);
    expect(estimator.predict(FEATURES).p50).toBe(before);
    for (let run = 0; run < 20; run++) estimator.censored(FEATURES, 60_000);
    expect(estimator.predict(FEATURES).p50).toBeGreaterThan(2 * before);
    expect(estimator.predict(FEATURES).samples).toBe(30);
    expect(estimator.explain(FEATURES).similar.every(({ job }) => job !== "")).toBe(true);
  });
});

function silent(elapsedMs: number): RunProgress {
  return { elapsedMs, percent: null, stuckForMs: null };
}

/** Runs of 5 to 80 s whose progress is in step with the time. */
function steady(): Estimator {
  const estimator = createEstimator();
  learnWith(estimator, (runMs) => [0.1, 0.3, 0.5, 0.7, 0.95].map((share) => [share * runMs, 100 * share]));
  return estimator;
}

function learnWith(estimator: Estimator, told: (runMs: number) => (readonly [number, number])[]): void {
  alike(200, 20_000, 0.7, 9).forEach(({ runMs }, place) => {
    const said: RunEstimate = estimator.predict(FEATURES);
    estimator.learn(FEATURES, { job: `job-${place}`, runMs, endedAt: place, said, progress: told(runMs) });
  });
}
