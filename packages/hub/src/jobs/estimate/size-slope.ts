import type { PlanEffect } from "./plan-effect.ts";
import type { PastRun, RunNode } from "./run-node.ts";

const KEEP = 0.9995;
/** Counts against any slope until sizes that differ have been seen. */
const AGAINST = 5;
const LEAST = -1;
const MOST = 1.5;
const NEWEST = 6;
const FURTHEST = 2;
/** Past steps that are remembered. */
const REMEMBERED = 1 / (1 - KEEP);

/** How much longer a run takes the larger it is, among runs alike but for that: 1 is in proportion, 0 not at all. */
export class SizeSlope {
  squares: number = AGAINST;
  products = 0;
  /** Runs that it was learned from. */
  runs = 0;

  get value(): number {
    return Math.min(MOST, Math.max(LEAST, this.products / this.squares));
  }

  /**
   * Share of a first guess in how much longer a run is that is so much larger, 0–1. It falls with all steps in size that
   * were seen, later for one far larger than they were: runs of small sizes say little of large ones.
   */
  guessed(larger: number): number {
    const seen = this.squares - AGAINST;
    if (!(seen > 0)) return 1;
    const usualStep = Math.sqrt(seen / Math.max(1, Math.min(this.runs, REMEMBERED)));
    const against = AGAINST * (1 + Math.abs(larger) / usualStep);
    return against / (against + seen);
  }

  /** Learns from one run and the newest of a context that it shares with them. */
  learn(node: RunNode, past: Pick<PastRun, "log" | "logSize" | "plan">, plans: PlanEffect): void {
    let many = 0;
    let logs = 0;
    let sizes = 0;
    for (let at = Math.max(0, node.runs.length - NEWEST); at < node.runs.length; at++) {
      const run = node.runs[at];
      if (run === undefined || Number.isNaN(run.logSize)) continue;
      many += 1;
      logs += run.log + plans.between(run.plan, past.plan);
      sizes += run.logSize;
    }
    if (many === 0) return;
    const larger = past.logSize - sizes / many;
    const expected = this.value * larger;
    const off = Math.min(FURTHEST, Math.max(-FURTHEST, past.log - logs / many - expected));
    this.runs += 1;
    this.squares = KEEP * this.squares + larger * larger;
    this.products = KEEP * this.products + larger * (expected + off);
  }
}
