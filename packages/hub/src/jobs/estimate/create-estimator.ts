import type { DurationEstimate } from "@wsight/protocol";
import type { Estimator, JobFeatures, RunEstimate } from "./estimator.ts";

/** How an estimator is made. */
export interface EstimatorOptions {
  /** Nodes that are kept; beyond, the one used longest ago is forgotten. @default 20000 */
  readonly maxNodes?: number;
}

const KEPT_RUNS = 24;
const SAMPLES_WANTED = 30;
const FIRST_GUESS_MS = 30_000;

/** An estimator that knows nothing yet. */
export function createEstimator(options: EstimatorOptions = {}): Estimator {
  const maxNodes = options.maxNodes ?? 20_000;
  const runs = new Map<string, number[]>();
  const sorted = (features: JobFeatures): number[] => [...(runs.get(features.queue) ?? [])].sort((a, b) => a - b);
  const predict = (features: JobFeatures): RunEstimate => {
    const past = sorted(features);
    const prior = past.length === 0;
    const at = (share: number): number => past[Math.floor(share * (past.length - 1))] ?? FIRST_GUESS_MS;
    const spread = prior ? 4 : 1;
    const p50 = at(0.5);
    const near = past.filter((run) => Math.abs(run - p50) <= 0.25 * p50).length;
    return {
      p10: at(0.1) / spread,
      p50,
      p90: at(0.9) * spread,
      confidence: prior ? 0 : Math.round((100 * near) / (past.length + 2)),
      samples: past.length,
      samplesWanted: SAMPLES_WANTED,
      prior,
    };
  };
  return {
    predict,
    remaining(_features, said, progress): DurationEstimate {
      const left = (total: number): number => Math.max(0, total - progress.elapsedMs);
      return { p10: left(said.p10), p50: left(said.p50), p90: Math.max(left(said.p90), progress.elapsedMs / 4) };
    },
    learn(features, outcome): void {
      const past = runs.get(features.queue) ?? [];
      past.push(outcome.runMs);
      if (past.length > KEPT_RUNS) past.shift();
      if (runs.size < maxNodes) runs.set(features.queue, past);
    },
    censored(): void {},
    explain(features) {
      return { factors: [], level: `queue ${features.queue}`, similar: [] };
    },
    takeChanged: () => [],
    restore(): void {},
    get size(): number {
      return runs.size;
    },
  };
}
