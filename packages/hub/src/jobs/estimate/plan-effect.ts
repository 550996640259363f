import { JOB_PLANS, type JobPlan } from "@wsight/protocol";
import { priorOfPlan } from "./prior.ts";
import type { PastRun, RunNode } from "./run-node.ts";

// What each plan does to a run is one number, its multiplier; `normal` is 1.
// Runs of two plans that are alike but for that are compared, and the numbers
// are those that fit all comparisons and the first guesses best (least squares).

/** Comparisons that the first guess of a plan counts for. */
const PSEUDO_RUNS = 4;
const KEEP = 1 - 1 / 400;
const FURTHEST = 3;
const NEWEST = 6;
const PLANS = JOB_PLANS.length;
const REFERENCE = JOB_PLANS.indexOf("normal");
/** Of the reference: it is what it is. */
const FIRM = 1e6;

/** How much longer runs of one plan take than those of another: by their multipliers, until such runs say otherwise. */
export class PlanEffect {
  /** By pair of plans: runs that were compared, and the sum of how much longer those of the second took, as logarithms. */
  readonly counts: Float32Array = new Float32Array(PLANS ** 2 * 2);
  /** Logarithms of the multipliers, and how sure they are together; made anew once counts have changed. */
  #effects: readonly number[] = JOB_PLANS.map(priorOfPlan);
  #doubts: readonly (readonly number[])[] = inverse(this.#sums());
  #fresh = true;

  /** Logarithm of how much longer a run of one plan takes than one of another; 0 where either is not known. */
  between(from: JobPlan | null, to: JobPlan | null): number {
    if (from === to || from === null || to === null) return 0;
    this.#refresh();
    return (this.#effects[JOB_PLANS.indexOf(to)] ?? 0) - (this.#effects[JOB_PLANS.indexOf(from)] ?? 0);
  }

  /** Share of the first guesses in that, 0–1. */
  guessed(from: JobPlan, to: JobPlan): number {
    this.#refresh();
    const [one, other] = [JOB_PLANS.indexOf(from), JOB_PLANS.indexOf(to)];
    const of = (row: number, column: number): number => this.#doubts[row]?.[column] ?? 0;
    return Math.min(1, PSEUDO_RUNS * (of(one, one) + of(other, other) - 2 * of(one, other)));
  }

  /**
   * Learns from a run and the newest of another plan in a context that it shares with them; false when there are none.
   * `bySize`: how much longer it takes than one of them for its size.
   */
  learn(node: RunNode, { log, plan }: PastRun, bySize: (run: PastRun) => number): boolean {
    if (plan === null) return false;
    const other = node.runs.findLast((run) => run.plan !== null && run.plan !== plan && !run.cut)?.plan ?? null;
    if (other === null) return false;
    const runs = node.runs.filter((run) => run.plan === other && !run.cut).slice(-NEWEST);
    const longer = runs.reduce((sum, run) => sum + log - run.log - bySize(run), 0) / runs.length;
    const at = 2 * (JOB_PLANS.indexOf(other) * PLANS + JOB_PLANS.indexOf(plan));
    this.counts[at] = KEEP * (this.counts[at] ?? 0) + 1;
    this.counts[at + 1] = KEEP * (this.counts[at + 1] ?? 0) + Math.min(FURTHEST, Math.max(-FURTHEST, longer));
    this.#fresh = false;
    return true;
  }

  /** Takes kept counts. */
  restore(counts: ArrayLike<number>): void {
    this.counts.set(counts);
    this.#fresh = false;
  }

  #refresh(): void {
    if (this.#fresh) return;
    this.#fresh = true;
    this.#doubts = inverse(this.#sums());
    const wanted = JOB_PLANS.map((plan, place) => firmness(place) * priorOfPlan(plan) + this.#longer(place));
    this.#effects = this.#doubts.map((row) => row.reduce((sum, doubt, place) => sum + doubt * (wanted[place] ?? 0), 0));
  }

  /** How much longer a plan took, summed over all its comparisons. */
  #longer(place: number): number {
    let sum = 0;
    for (let other = 0; other < PLANS; other++) {
      sum += (this.counts[2 * (other * PLANS + place) + 1] ?? 0) - (this.counts[2 * (place * PLANS + other) + 1] ?? 0);
    }
    return sum;
  }

  #sums(): number[][] {
    const sums = JOB_PLANS.map((_, place) => JOB_PLANS.map((_plan, other) => (place === other ? firmness(place) : 0)));
    for (const [place, row] of sums.entries()) {
      for (let other = 0; other < PLANS; other++) {
        const runs = (this.counts[2 * (place * PLANS + other)] ?? 0) + (this.counts[2 * (other * PLANS + place)] ?? 0);
        if (other === place) continue;
        row[place] = (row[place] ?? 0) + runs;
        row[other] = -runs;
      }
    }
    return sums;
  }
}

function firmness(place: number): number {
  return place === REFERENCE ? FIRM : PSEUDO_RUNS;
}

/** Of a matrix that is symmetric and has an inverse, by Gauss and Jordan: its diagonal outweighs each row. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const rows = matrix.map((row, place) => [...row, ...row.map((_, column) => (column === place ? 1 : 0))]);
  for (const [place, pivot] of rows.entries()) {
    const by = pivot[place] ?? 1;
    for (let column = 0; column < pivot.length; column++) pivot[column] = (pivot[column] ?? 0) / by;
    for (const row of rows) {
      if (row === pivot) continue;
      const times = row[place] ?? 0;
      for (let column = 0; column < row.length; column++)
        row[column] = (row[column] ?? 0) - times * (pivot[column] ?? 0);
    }
  }
  return rows.map((row) => row.slice(matrix.length));
}
