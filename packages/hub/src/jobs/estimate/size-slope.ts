import type { RunNode } from "./run-node.ts";

const KEEP = 0.9995;
/** Counts against any slope until sizes that differ have been seen. */
const AGAINST = 5;
const LEAST = -1;
const MOST = 1.5;
const NEWEST = 6;
const FURTHEST = 2;

/** How much longer a run takes the larger it is, among runs alike but for that: 1 is in proportion, 0 not at all. */
export class SizeSlope {
  squares: number = AGAINST;
  products = 0;

  get value(): number {
    return Math.min(MOST, Math.max(LEAST, this.products / this.squares));
  }

  /** Learns from one run and the newest of a context that it shares with them. */
  learn(node: RunNode, log: number, logSize: number): void {
    let many = 0;
    let logs = 0;
    let sizes = 0;
    for (let at = Math.max(0, node.runs.length - NEWEST); at < node.runs.length; at++) {
      const run = node.runs[at];
      if (run === undefined || Number.isNaN(run.logSize)) continue;
      many += 1;
      logs += run.log;
      sizes += run.logSize;
    }
    if (many === 0) return;
    const larger = logSize - sizes / many;
    const longer = Math.min(FURTHEST, Math.max(-FURTHEST, log - logs / many));
    this.squares = KEEP * this.squares + larger * larger;
    this.products = KEEP * this.products + larger * longer;
  }
}
