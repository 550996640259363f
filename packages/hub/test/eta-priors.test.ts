import type { Estimator, JobFeatures } from "@wsight/hub";
import type { JobPlan } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { alike, featuresOf, type MadeJob, seeded, taught, teach } from "./eta-rig.ts";

describe("a size or a plan that no finished job had", () => {
  const LARGEST = featuresOf({ sizeBytes: 1.5e8, sizeCategory: "xxlarge" });
  const ofPlan = (plan: JobPlan): JobFeatures => featuresOf({ name: "ocr", plan });

  it("is expected to differ by the size classes, less surely than what was seen", () => {
    for (const count of [1, 10, 100, 1000]) {
      const estimator = taught(small(count, 2000, count));
      const [seen, largest] = [estimator.predict(featuresOf({ sizeBytes: 5e5 })), estimator.predict(LARGEST)];
      expect(largest.p50 / seen.p50).toBeGreaterThan(1.3);
      expect(largest.p50 / seen.p50).toBeLessThan(36);
      expect(largest.p90 / largest.p10).toBeGreaterThan(1.5 * (seen.p90 / seen.p10));
      expect(largest.confidence).toBeLessThan(count > 1 ? 0.8 * seen.confidence : seen.confidence);
    }
  });

  it("is reached from classes alone, where nobody tells bytes", () => {
    const estimator = taught(
      alike(50, 2000, 0.2, 1).map(({ runMs }) => ({ features: featuresOf({ sizeCategory: "small" }), runMs })),
    );
    const [small, medium, xxlarge] = (["small", "medium", "xxlarge"] as const).map(
      (sizeCategory) => estimator.predict(featuresOf({ sizeCategory })).p50,
    );
    expect((medium ?? 0) / (small ?? 1)).toBeGreaterThan(2);
    expect((xxlarge ?? 0) / (small ?? 1)).toBeGreaterThan(15);
  });

  it("is left to what finished jobs of that size say, once there are some", () => {
    const estimator = taught(small(100, 2000, 2));
    expect(estimator.predict(LARGEST).p50).toBeGreaterThan(4000);
    teach(
      estimator,
      alike(12, 2000, 0.2, 3).map(({ runMs }) => ({ features: LARGEST, runMs })),
    );
    const { p50, p90 } = estimator.predict(LARGEST);
    expect(p50).toBeGreaterThan(1500);
    expect(p50).toBeLessThan(2700);
    expect(p90).toBeLessThan(6000);
    // A size between both is no longer held for larger, either.
    expect(estimator.predict(featuresOf({ sizeBytes: 2e7 })).p50).toBeLessThan(2700);
  });

  it("follows a slope that was learned rather than that of the classes, the more of it was seen", () => {
    const { unit } = seeded(4);
    const made = (count: number, slope: number): Estimator =>
      taught(
        Array.from({ length: count }, () => {
          const sizeBytes = 1e4 * 1000 ** unit();
          return { features: featuresOf({ sizeBytes }), runMs: 2000 * (sizeBytes / 1e6) ** slope };
        }),
      );
    const asked = featuresOf({ sizeBytes: 6e7 });
    for (const slope of [0, 1]) {
      const off = [10, 1000].map((count) =>
        Math.abs(Math.log(made(count, slope).predict(asked).p50 / (2000 * 60 ** slope))),
      );
      expect(off[1]).toBeLessThan(0.35);
      expect(off[1]).toBeLessThan(off[0] ?? 0);
    }
  });

  it("is multiplied by its plan relative to the plans that were seen", () => {
    for (const count of [1, 30, 500]) {
      const estimator = taught(alike(count, 10_000, 0.1, count).map((job) => ({ ...job, features: ofPlan("normal") })));
      const normal = estimator.predict(ofPlan("normal"));
      for (const [plan, multiplier] of Object.entries({ unlimited: 0.4, premium: 0.6, large: 1.3 } as const)) {
        const other = estimator.predict(ofPlan(plan as JobPlan));
        expect(other.p50 / normal.p50 / multiplier).toBeGreaterThan(0.9);
        expect(other.p50 / normal.p50 / multiplier).toBeLessThan(1.1);
        expect(other.p90 / other.p10).toBeGreaterThan(normal.p90 / normal.p10);
        expect(other.confidence).toBeLessThan(normal.confidence);
      }
      const [first] = estimator.explain(ofPlan("premium")).factors;
      expect(first).toMatchObject({ factor: "priority", samples: 0 });
      expect(first?.multiplier).toBeCloseTo(0.6, 1);
    }
  });

  it("does not differ from others by a plan that has been seen to mean nothing", () => {
    const { unit } = seeded(6);
    const mixed = alike(60, 10_000, 0.1, 5).map((job) => ({
      ...job,
      features: ofPlan(unit() < 0.5 ? "premium" : "normal"),
    }));
    const estimator = taught(mixed);
    const ratio = (one: JobPlan, other: JobPlan): number =>
      estimator.predict(ofPlan(one)).p50 / estimator.predict(ofPlan(other)).p50;
    expect(ratio("premium", "normal")).toBeGreaterThan(0.9);
    // Premium is as normal now; what is known of unlimited is its multiplier still.
    expect(ratio("unlimited", "normal")).toBeLessThan(0.6);
    expect(ratio("large", "premium")).toBeGreaterThan(1.1);
  });
});

/** Documents of up to a megabyte, whose size does not matter. */
function small(count: number, medianMs: number, seed: number): MadeJob[] {
  const { unit } = seeded(seed);
  return alike(count, medianMs, 0.2, seed).map(({ runMs }) => {
    const sizeBytes = 1e5 * 10 ** unit();
    return { features: featuresOf({ sizeBytes, sizeCategory: "small" }), runMs };
  });
}
