import { createEstimator, type Estimator, type JobFeatures, type RunEstimate } from "@wsight/hub";

/** A job of a made workload. */
export interface MadeJob {
  readonly features: JobFeatures;
  readonly runMs: number;
}

/** What came of it: the run, and what had been said of it. */
export interface Told extends MadeJob {
  readonly said: RunEstimate;
}

/** The same numbers between 0 and 1 for the same seed, and normal ones made of them. */
export function seeded(seed: number): { unit(): number; normal(): number } {
  let state = seed;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    unit,
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
  };
}

/** Features of a job of which nothing is known but its queue, and what is given. */
export function featuresOf(known: Partial<JobFeatures> = {}): JobFeatures {
  return {
    queue: "documents",
    name: "",
    sizeBytes: null,
    sizeCategory: null,
    plan: null,
    userId: null,
    load: null,
    ...known,
  };
}

/**
 * Documents of users who each have a size and a pace of their own, of three kinds: how long one takes is the kind's,
 * times the size to the power of 0.7, times the user's pace, and a spread that differs by kind.
 */
export function documents(count: number, seed: number, known: Partial<JobFeatures> = {}): MadeJob[] {
  const { unit, normal } = seeded(seed);
  const kinds = [
    { name: "thumbnail", baseMs: 800, spread: 0.08 },
    { name: "ocr", baseMs: 9000, spread: 0.35 },
    { name: "import", baseMs: 30_000, spread: 0.9 },
  ];
  const users = Array.from({ length: 40 }, (_, place) => ({
    userId: `user-${place}`,
    pace: Math.exp(0.5 * normal()),
    logSize: 13 + 1.2 * normal(),
  }));
  return Array.from({ length: count }, () => {
    const kind = kinds[Math.floor(unit() * kinds.length)] ?? kinds[0];
    const user = users[Math.floor(unit() ** 2 * users.length)] ?? users[0];
    if (kind === undefined || user === undefined) throw new Error("expected a kind and a user");
    const sizeBytes = Math.round(Math.exp(user.logSize + 0.3 * normal()));
    const runMs = kind.baseMs * user.pace * (sizeBytes / 1e6) ** 0.7 * Math.exp(kind.spread * normal());
    return { features: featuresOf({ name: kind.name, sizeBytes, userId: user.userId, ...known }), runMs };
  });
}

/** Runs that are all alike but for their spread. */
export function alike(count: number, medianMs: number, spread: number, seed: number): MadeJob[] {
  const { normal } = seeded(seed);
  return Array.from({ length: count }, () => ({
    features: featuresOf(),
    runMs: medianMs * Math.exp(spread * normal()),
  }));
}

/** Puts jobs through an estimator one after another; what had been said of each. */
export function teach(estimator: Estimator, jobs: readonly MadeJob[]): Told[] {
  let endedAt = Date.UTC(2026, 0, 1);
  return jobs.map((job, place) => {
    const said = estimator.predict(job.features);
    endedAt += job.runMs;
    estimator.learn(job.features, { job: `job-${place}`, runMs: job.runMs, endedAt, said, progress: [] });
    return { ...job, said };
  });
}

/** An estimator that has seen jobs. */
export function taught(jobs: readonly MadeJob[]): Estimator {
  const estimator = createEstimator();
  teach(estimator, jobs);
  return estimator;
}

/** Mean distance of runs from what was said, ms. */
export function meanError(
  told: readonly { readonly runMs: number; readonly said: { readonly p50: number } }[],
): number {
  return meanOf(told.map(({ runMs, said }) => Math.abs(runMs - said.p50)));
}

/** Share of runs within the interval. */
export function coverage(told: readonly Told[]): number {
  return meanOf(told.map(({ runMs, said }) => (runMs >= said.p10 && runMs <= said.p90 ? 1 : 0)));
}

/** Whether a run came within 25 % of what was said. */
export function cameNear({ runMs, said }: Told): boolean {
  return Math.abs(runMs - said.p50) <= 0.25 * said.p50;
}

export function meanOf(list: readonly number[]): number {
  return list.reduce((sum, each) => sum + each, 0) / list.length;
}
