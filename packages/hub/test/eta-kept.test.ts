import { createEstimator, type Estimator, type KeptNode } from "@wsight/hub";
import { JOB_PLANS, SIZE_CATEGORIES } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alike, documents, featuresOf, seeded, taught, teach } from "./eta-rig.ts";

const ASKED = documents(50, 99).map(({ features }) => features);

describe("what an estimator learned", () => {
  it("is kept node by node, and tells the same after it was restored", () => {
    const first = taught(documents(3000, 1));
    const kept = takeAll(first);
    const second = createEstimator();
    second.restore(kept);
    expect(second.size).toBe(first.size);
    expect(second.damaged).toBe(0);
    for (const features of ASKED) {
      const [was, is] = [first.predict(features), second.predict(features)];
      expect(is.samples).toBe(was.samples);
      expect(Math.abs(is.confidence - was.confidence)).toBeLessThanOrEqual(1);
      for (const point of ["p10", "p50", "p90"] as const) expect(is[point] / was[point]).toBeCloseTo(1, 2);
      expect(second.explain(features).similar.map(({ job }) => job)).toEqual(
        first.explain(features).similar.map(({ job }) => job),
      );
    }
  });

  it("goes on being learned from where it was restored", () => {
    const jobs = documents(2000, 2);
    const first = taught(jobs.slice(0, 1000));
    const second = createEstimator();
    second.restore(takeAll(first));
    const [told, toldAgain] = [teach(first, jobs.slice(1000)), teach(second, jobs.slice(1000))];
    for (const [place, { said }] of told.entries()) {
      expect((toldAgain[place]?.said.p50 ?? 0) / said.p50).toBeCloseTo(1, 1);
    }
  });

  it("has what plans and classes of size do in it, and which each run had", () => {
    const first = createEstimator();
    const { unit } = seeded(12);
    teach(
      first,
      alike(80, 5000, 0.2, 12).map(({ runMs }) => ({
        features: featuresOf({
          plan: unit() < 0.5 ? "premium" : "normal",
          sizeCategory: unit() < 0.5 ? "small" : "medium",
        }),
        runMs,
      })),
    );
    const second = createEstimator();
    second.restore(takeAll(first));
    for (const plan of [...JOB_PLANS, null]) {
      for (const sizeCategory of [...SIZE_CATEGORIES, null]) {
        const [was, is] = [first, second].map((estimator) => estimator.predict(featuresOf({ plan, sizeCategory })));
        for (const point of ["p10", "p50", "p90"] as const) {
          expect((is?.[point] ?? 0) / (was?.[point] ?? 1)).toBeCloseTo(1, 2);
        }
      }
    }
  });

  it("takes at most 2 KB a node, whatever jobs are called", () => {
    const long = "ж".repeat(500);
    const estimator = createEstimator();
    for (let run = 0; run < 100; run++) {
      const features = featuresOf({ queue: long, name: long, userId: long, sizeBytes: 5, plan: "normal" });
      const said = estimator.predict(features);
      estimator.learn(features, { job: long + run, runMs: 5, endedAt: run, said, progress: [[2, 50]] });
    }
    for (const { key, bytes } of takeAll(estimator)) {
      expect(bytes?.length).toBeLessThanOrEqual(2048);
      expect(key.length).toBeLessThan(600);
      expect(key).not.toContain("\u0000");
    }
  });

  it("is handed out in portions, each change once", () => {
    const estimator = taught(documents(200, 3));
    const first = estimator.takeChanged(10);
    expect(first.length).toBe(10);
    const rest = takeAll(estimator);
    expect(new Set([...first, ...rest].map(({ key }) => key)).size).toBe(first.length + rest.length);
    expect(estimator.takeChanged(10)).toEqual([]);
    teach(estimator, documents(1, 4));
    expect(estimator.takeChanged(100).length).toBeGreaterThan(3);
  });

  it("is bounded: the node that learned longest ago is forgotten, and that is told", () => {
    const estimator = createEstimator({ maxNodes: 300 });
    const kept = new Map<string, Uint8Array>();
    for (const portion of [
      documents(500, 5),
      documents(500, 6, { name: "other" }),
      documents(500, 7, { queue: "mail" }),
    ]) {
      teach(estimator, portion);
      expect(estimator.size).toBeLessThanOrEqual(300);
      for (const { key, bytes } of takeAll(estimator)) {
        if (bytes === null) kept.delete(key);
        else kept.set(key, bytes);
      }
    }
    // Two more for each queue: what was learned of it as a whole.
    expect(kept.size).toBe(estimator.size + 4);
    expect(estimator.predict(featuresOf({ queue: "mail" })).prior).toBe(false);
  });

  it("keeps what is in use when many others come", () => {
    const estimator = createEstimator({ maxNodes: 200 });
    const mine = featuresOf({ userId: "mine" });
    for (let other = 0; other < 2000; other++) {
      const runMs = 1000;
      estimator.learn(featuresOf({ userId: `other-${other}` }), outcomeOf(runMs, other));
      if (other % 20 === 0) estimator.learn(mine, outcomeOf(90_000, other));
    }
    expect(estimator.predict(mine).p50).toBeGreaterThan(60_000);
  });

  it("that comes back damaged is left out and counted, and the rest is used", () => {
    const kept = takeAll(taught(documents(500, 8)));
    const broken = kept.map((node, place) =>
      place % 10 === 0 ? { ...node, bytes: node.bytes?.slice(0, -3) ?? null } : node,
    );
    const estimator = createEstimator();
    estimator.restore(broken);
    expect(estimator.damaged).toBe(broken.filter((_, place) => place % 10 === 0).length);
    expect(estimator.predict(ASKED[0] ?? featuresOf()).prior).toBe(false);
  });

  it("may be any bytes: nothing throws, and nothing but finite estimates come of it", () => {
    const good = takeAll(taught(documents(300, 9)));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(2047), fc.integer({ min: 0, max: 255 })), { maxLength: 40 }),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        (flips, noise) => {
          const nodes = good.map(({ key, bytes }) => ({ key, bytes: bytes?.slice() ?? null }));
          for (const [place, at, value] of flips) {
            const bytes = nodes[place]?.bytes;
            if (bytes && at < bytes.length) bytes[at] = value;
          }
          const estimator = createEstimator();
          estimator.restore([...nodes, ...noise.map((bytes, place) => ({ key: `${place}`, bytes }))]);
          for (const features of ASKED.slice(0, 5)) {
            const { p10, p50, p90, confidence } = estimator.predict(features);
            expect(p10 > 0 && p10 <= p50 && p50 <= p90 && p90 < 1e12).toBe(true);
            expect(confidence).toBeGreaterThanOrEqual(0);
            expect(confidence).toBeLessThanOrEqual(100);
          }
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });
});

describe("an estimator", () => {
  it("gives the same answers to the same calls", () => {
    const [one, other] = [taught(documents(800, 10)), taught(documents(800, 10))];
    for (const features of ASKED) expect(one.predict(features)).toEqual(other.predict(features));
  });

  it("takes no harm from runs that cannot be", () => {
    const estimator = taught(documents(100, 11));
    const before = estimator.predict(featuresOf());
    for (const runMs of [Number.NaN, -5, Number.POSITIVE_INFINITY]) estimator.learn(featuresOf(), outcomeOf(runMs, 0));
    estimator.censored(featuresOf(), Number.NaN);
    expect(estimator.predict(featuresOf())).toEqual(before);
    estimator.learn(featuresOf({ sizeBytes: 0 }), outcomeOf(0, 0));
    const { p10, p90 } = estimator.predict(featuresOf({ sizeBytes: 0 }));
    expect(Number.isFinite(p10) && Number.isFinite(p90)).toBe(true);
  });
});

function takeAll(estimator: Estimator): KeptNode[] {
  const all: KeptNode[] = [];
  for (let taken = estimator.takeChanged(100); taken.length > 0; taken = estimator.takeChanged(100)) all.push(...taken);
  return all;
}

function outcomeOf(runMs: number, endedAt: number): Parameters<Estimator["learn"]>[1] {
  return { job: `job-${endedAt}`, runMs, endedAt, said: null, progress: [] };
}
