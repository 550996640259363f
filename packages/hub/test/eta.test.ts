import { createEstimator } from "@wsight/hub";
import { describe, expect, it } from "vitest";
import {
  alike,
  cameNear,
  coverage,
  documents,
  featuresOf,
  type MadeJob,
  meanError,
  meanOf,
  seeded,
  type Told,
  taught,
  teach,
} from "./eta-rig.ts";

describe("an estimate of a run", () => {
  it("is nearer than a table by size, the last two of the user and a running mean, and its interval holds eight of ten", () => {
    const jobs = documents(4000, 7);
    const told = teach(createEstimator(), jobs).slice(500);
    expect(meanError(told)).toBeLessThan(0.7 * meanError(byTable(jobs).slice(500)));
    expect(meanError(told)).toBeLessThan(0.7 * meanError(byLastTwo(jobs).slice(500)));
    expect(meanError(told)).toBeLessThan(0.7 * meanError(byMean(jobs).slice(500)));
    expect(coverage(told)).toBeGreaterThan(0.76);
    expect(coverage(told)).toBeLessThan(0.84);
  });

  it("has an interval that holds eight of ten of each kind, and not only of all together", () => {
    const told = teach(createEstimator(), documents(5000, 11)).slice(500);
    for (const name of ["thumbnail", "ocr", "import"]) {
      const inside = coverage(told.filter(({ features }) => features.name === name));
      expect(inside).toBeGreaterThan(0.72);
      expect(inside).toBeLessThan(0.88);
    }
  });

  it("gives a confidence that comes true: within five points on average, and higher for what varies less", () => {
    const told = teach(createEstimator(), documents(6000, 3)).slice(500);
    expect(confidenceError(told)).toBeLessThan(5);
    const confidenceOf = (name: string): number =>
      meanOf(told.filter(({ features }) => features.name === name).map(({ said }) => said.confidence));
    expect(confidenceOf("thumbnail")).toBeGreaterThan(90);
    expect(confidenceOf("ocr")).toBeLessThan(70);
    expect(confidenceOf("import")).toBeLessThan(35);
  });

  it("learns by itself whether name, size or user decides", () => {
    const { unit, normal } = seeded(5);
    const decisive = (["name", "userId", "sizeBytes"] as const).map((decides) => {
      const jobs = Array.from({ length: 1500 }, (): MadeJob => {
        const [name, userId, sizeBytes] = [0, 0, 0].map(() => Math.floor(unit() * 6));
        const place = { name, userId, sizeBytes }[decides] ?? 0;
        const features = featuresOf({
          name: `n${name}`,
          userId: `u${userId}`,
          sizeBytes: 1000 * 4 ** (sizeBytes ?? 0),
        });
        return { features, runMs: 1000 * 2 ** place * Math.exp(0.05 * normal()) };
      });
      return meanOf(
        teach(createEstimator(), jobs)
          .slice(-500)
          .map((job) => (cameNear(job) ? 1 : 0)),
      );
    });
    for (const near of decisive) expect(near).toBeGreaterThan(0.9);
  });

  it("says of a size it never saw what the slope of the others makes of it", () => {
    const { unit } = seeded(9);
    const jobs = Array.from({ length: 300 }, (): MadeJob => {
      const sizeBytes = 1e5 * 10 ** unit();
      return { features: featuresOf({ sizeBytes }), runMs: sizeBytes / 100 };
    });
    const { p50 } = taught(jobs).predict(featuresOf({ sizeBytes: 4e6 }));
    expect(p50 / 40_000).toBeGreaterThan(0.7);
    expect(p50 / 40_000).toBeLessThan(1.4);
  });

  it("finds back within fifty jobs when everything takes thrice as long, and its interval soon after", () => {
    const estimator = taught(alike(1000, 10_000, 0.15, 1));
    const after = teach(estimator, alike(600, 30_000, 0.15, 2));
    expect(meanError(after.slice(50, 100))).toBeLessThan(0.2 * 30_000);
    expect(coverage(after.slice(100, 300))).toBeGreaterThan(0.7);
    expect(coverage(after.slice(300))).toBeGreaterThan(0.74);
    expect(coverage(after.slice(300))).toBeLessThan(0.9);
  });

  it("forgets none of it when one job in twenty takes a hundred times as long", () => {
    const { unit } = seeded(21);
    const jobs = alike(1500, 2000, 0.1, 4).map((job) => (unit() < 0.05 ? { ...job, runMs: 200_000 } : job));
    const told = teach(createEstimator(), jobs).slice(500);
    expect(meanOf(told.map(({ said }) => said.p50))).toBeLessThan(2300);
    expect(meanOf(told.map(({ said }) => said.confidence))).toBeGreaterThan(85);
  });

  it("learns what a busy CPU costs, and shrinks it to nothing where it costs nothing", () => {
    const { unit, normal } = seeded(13);
    const made = (dear: boolean): MadeJob[] =>
      Array.from({ length: 800 }, () => {
        const load = unit();
        const slower = dear && load > 0.6 ? 2 : 1;
        return { features: featuresOf({ load }), runMs: 5000 * slower * Math.exp(0.1 * normal()) };
      });
    const ratio = (jobs: readonly MadeJob[]): number => {
      const estimator = taught(jobs);
      return estimator.predict(featuresOf({ load: 0.9 })).p50 / estimator.predict(featuresOf({ load: 0.1 })).p50;
    };
    expect(ratio(made(true))).toBeGreaterThan(1.6);
    expect(ratio(made(true))).toBeLessThan(2.4);
    expect(ratio(made(false))).toBeGreaterThan(0.9);
    expect(ratio(made(false))).toBeLessThan(1.1);
  });

  it("knows of an estimate only what had been learned when it was made", () => {
    // Bursts: all of one are estimated before the first of them ends, and they are alike.
    const { normal } = seeded(17);
    const estimator = createEstimator();
    const told: Told[] = [];
    for (let burst = 0; burst < 150; burst++) {
      const medianMs = 5000 * Math.exp(0.8 * normal());
      const jobs = alike(30, medianMs, 0.02, burst).map((job) => ({ ...job, said: estimator.predict(job.features) }));
      for (const job of jobs) {
        estimator.learn(job.features, { job: "", runMs: job.runMs, endedAt: burst, said: job.said, progress: [] });
      }
      if (burst >= 10) told.push(...jobs);
    }
    expect(coverage(told)).toBeGreaterThan(0.65);
    expect(confidenceError(told)).toBeLessThan(12);
  });
});

describe("the first estimates", () => {
  it("are size class and plan while nothing was learned, and say so", () => {
    const estimator = createEstimator();
    const normal = estimator.predict(featuresOf({ sizeBytes: 2e7, plan: "normal" }));
    const premium = estimator.predict(featuresOf({ sizeCategory: "large", plan: "premium" }));
    expect(normal).toMatchObject({ prior: true, samples: 0, p50: 45_000 });
    expect(premium.p50).toBeCloseTo(0.6 * normal.p50);
    expect(normal.confidence).toBeLessThan(20);
  });

  it("give way to what finished jobs of the same size and plan took, from the first on", () => {
    const estimator = taught([{ features: featuresOf({ sizeBytes: 5e5, plan: "normal" }), runMs: 1000 }]);
    const { p50, prior, samples } = estimator.predict(featuresOf({ sizeBytes: 5e5, plan: "normal" }));
    expect(prior).toBe(false);
    expect(samples).toBe(1);
    expect(p50).toBeGreaterThan(900);
    expect(p50).toBeLessThan(1100);
  });

  it("are not sure of themselves after a single job, and are after a dozen that agree", () => {
    const [one, two, dozen] = [1, 2, 12].map((count) => taught(alike(count, 1000, 0.02, 3)).predict(featuresOf()));
    // It would be said of a job of any size and plan.
    expect(one?.confidence).toBeLessThan(35);
    expect((one?.p90 ?? 0) / (one?.p50 ?? 1)).toBeGreaterThan(3);
    expect(two?.confidence).toBeGreaterThan(one?.confidence ?? 100);
    expect(dozen?.confidence).toBeGreaterThan(80);
    expect((dozen?.p90 ?? 9e9) / (dozen?.p50 ?? 1)).toBeLessThan(1.5);
  });

  it("are no worse than the last two of the user between the 20th and the 320th job", () => {
    const jobs = documents(320, 19);
    const told = teach(createEstimator(), jobs).slice(20);
    expect(meanError(told)).toBeLessThan(meanError(byLastTwo(jobs).slice(20)));
    expect(coverage(told)).toBeGreaterThan(0.7);
  });

  it("of one queue are not those of another", () => {
    const estimator = taught(alike(100, 60_000, 0.1, 1));
    expect(estimator.predict(featuresOf({ queue: "mail" })).prior).toBe(true);
  });
});

describe("an explanation", () => {
  it("names what decides first, multiplies to the estimate, and shows runs most like it without naming anybody", () => {
    const estimator = taught(documents(2000, 23));
    const features = featuresOf({ name: "thumbnail", sizeBytes: 500_000, userId: "user-3" });
    const { factors, level, similar } = estimator.explain(features);
    expect(factors[0]?.factor).toBe("name");
    expect(factors.every(({ samples }) => samples > 0)).toBe(true);
    expect(level).toContain("queue documents");
    expect(level).toContain("thumbnail");
    expect(JSON.stringify({ factors, level, similar })).not.toContain("user-3");
    expect(similar.length).toBe(10);
    expect(similar.map(({ endedAt }) => endedAt)).toEqual(similar.map(({ endedAt }) => endedAt).sort((a, b) => b - a));
    const whole = estimator.explain(featuresOf()).factors;
    expect(whole).toEqual([]);
    const product = factors.reduce((all, { multiplier }) => all * multiplier, 1);
    const broad = estimator.predict(featuresOf()).p50;
    expect(Math.abs(Math.log((broad * product) / estimator.predict(features).p50))).toBeLessThan(0.02);
  });

  it("of a first guess is its size class and plan, with no job behind it", () => {
    const { factors, similar } = createEstimator().explain(featuresOf({ sizeBytes: 1000, plan: "unlimited" }));
    expect(factors.map(({ factor, samples }) => [factor, samples])).toEqual([
      ["size", 0],
      ["priority", 0],
    ]);
    expect(similar).toEqual([]);
  });
});

/** Mean distance of said and true over tenths of confidence, points. */
function confidenceError(told: readonly Told[]): number {
  let sum = 0;
  for (let tenth = 0; tenth < 10; tenth++) {
    const bin = told.filter(({ said }) => Math.min(9, Math.floor(said.confidence / 10)) === tenth);
    if (bin.length === 0) continue;
    const said = meanOf(bin.map((job) => job.said.confidence));
    sum += bin.length * Math.abs(said - 100 * meanOf(bin.map((job) => (cameNear(job) ? 1 : 0))));
  }
  return sum / told.length;
}

type Guess = { readonly runMs: number; readonly said: { readonly p50: number } };

/** Five classes of size by the first 500, each with its mean. */
function byTable(jobs: readonly MadeJob[]): Guess[] {
  const first = jobs.slice(0, 500);
  const sizes = first.map(({ features }) => features.sizeBytes ?? 0).sort((a, b) => a - b);
  const classOf = ({ features }: MadeJob): number =>
    [0.2, 0.4, 0.6, 0.8].filter((share) => (features.sizeBytes ?? 0) > (sizes[share * 500] ?? 0)).length;
  const means = [0, 1, 2, 3, 4].map((place) =>
    meanOf(first.filter((job) => classOf(job) === place).map(({ runMs }) => runMs)),
  );
  return jobs.map((job) => ({ runMs: job.runMs, said: { p50: means[classOf(job)] ?? 0 } }));
}

function byLastTwo(jobs: readonly MadeJob[]): Guess[] {
  const runs = new Map<string | null, number[]>();
  const means = byMean(jobs);
  return jobs.map(({ features, runMs }, place) => {
    const last = runs.get(features.userId);
    runs.set(features.userId, [...(last ?? []), runMs].slice(-2));
    return { runMs, said: { p50: last === undefined ? (means[place]?.said.p50 ?? 0) : meanOf(last) } };
  });
}

function byMean(jobs: readonly MadeJob[]): Guess[] {
  let sum = 0;
  return jobs.map(({ runMs }, place) => {
    const p50 = place === 0 ? 0 : sum / place;
    sum += runMs;
    return { runMs, said: { p50 } };
  });
}
