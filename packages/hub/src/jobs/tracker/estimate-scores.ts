import type { EstimateOutcome, EstimateRecord } from "@wsight/protocol";

/** Outcomes that figures are made of, of each queue. */
const MAX_OUTCOMES = 500;
/** Outcomes that are told. */
const MAX_TOLD = 200;
/** A run this near to what was said was said well. */
const NEAR = 0.25;

/** Outcomes of one queue: how many there were, and the newest of them, newest last. */
interface Scores {
  samples: number;
  readonly newest: EstimateOutcome[];
}

/** Remembers how good estimates were. */
export class EstimateScores {
  readonly #queues = new Map<string, Scores>();
  readonly #all: Scores = { samples: 0, newest: [] };

  /** A job ended of which something had been said. */
  add(outcome: EstimateOutcome): void {
    let scores = this.#queues.get(outcome.queue);
    if (scores === undefined) {
      scores = { samples: 0, newest: [] };
      this.#queues.set(outcome.queue, scores);
    }
    for (const one of [scores, this.#all]) {
      one.samples++;
      one.newest.push(outcome);
      if (one.newest.length > MAX_OUTCOMES) one.newest.shift();
    }
  }

  /** Forgets a queue. */
  forget(queue: string): void {
    this.#queues.delete(queue);
  }

  /** Mean confidence of what was said of a queue's jobs lately, 0–100; `null` for none. */
  confidenceOf(queue: string): number | null {
    const newest = this.#queues.get(queue)?.newest ?? [];
    return meanOf(newest.map(({ confidence }) => confidence));
  }

  /** All queues together first, then each. */
  records(): readonly EstimateRecord[] {
    const each = [...this.#queues].map(([queue, scores]) => recordOf(queue, scores));
    return [recordOf(null, this.#all), ...each];
  }
}

function recordOf(queue: string | null, { samples, newest }: Scores): EstimateRecord {
  const errors = newest.map(({ predictedRunMs, runMs }) => Math.abs(predictedRunMs - runMs));
  const ratios = newest.map(({ predictedRunMs, runMs }) => ratioOf(Math.max(1, predictedRunMs), Math.max(1, runMs)));
  const within = newest.map(({ p10, p90, runMs }) => (runMs >= p10 && runMs <= p90 ? 1 : 0));
  const near = newest.map(({ predictedRunMs, runMs }) =>
    Math.abs(predictedRunMs - runMs) <= NEAR * predictedRunMs ? 1 : 0,
  );
  const waits = newest.flatMap(({ predictedWaitMs, waitMs }) =>
    predictedWaitMs === null || waitMs === null ? [] : [Math.abs(predictedWaitMs - waitMs)],
  );
  const confidence = meanOf(newest.map((outcome) => outcome.confidence));
  return {
    queue,
    samples,
    meanErrorMs: meanOf(errors),
    medianErrorMs: medianOf(errors),
    medianRatio: medianOf(ratios),
    coverage: meanOf(within),
    within25: meanOf(near),
    meanConfidence: confidence === null ? null : confidence / 100,
    medianWaitErrorMs: medianOf(waits),
    outcomes: newest.slice(-MAX_TOLD).reverse(),
  };
}

function ratioOf(a: number, b: number): number {
  return Math.max(a / b, b / a);
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function medianOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
