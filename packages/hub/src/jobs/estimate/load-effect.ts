const BUCKETS = 5;
const PSEUDO_RUNS = 20;
const KEEP = 1 - 1 / 400;
const FURTHEST = 1;

/** How much longer runs take by how busy the CPUs are: a multiplier for each fifth of the load, shrunken to 1. */
export class LoadEffect {
  /** By bucket: runs, and the sum of how much longer they took, as logarithms. */
  readonly counts: Float32Array = new Float32Array(BUCKETS * 2);

  /** Logarithm of the multiplier; 0 for a load that is not known. */
  shift(load: number | null): number {
    return load === null ? 0 : this.#own(bucketOf(load)) - this.#mean();
  }

  /** Runs behind the multiplier of a load. */
  samples(load: number | null): number {
    return load === null ? 0 : Math.round(this.counts[2 * bucketOf(load)] ?? 0);
  }

  /** Learns from how much longer a run took than was said without a load. */
  learn(load: number | null, longer: number): void {
    if (load === null) return;
    const at = 2 * bucketOf(load);
    this.counts[at] = KEEP * (this.counts[at] ?? 0) + 1;
    this.counts[at + 1] = KEEP * (this.counts[at + 1] ?? 0) + Math.min(FURTHEST, Math.max(-FURTHEST, longer));
  }

  #own(bucket: number): number {
    return (this.counts[2 * bucket + 1] ?? 0) / ((this.counts[2 * bucket] ?? 0) + PSEUDO_RUNS);
  }

  /** Of all buckets by their runs: what is true at every load is none of the load's. */
  #mean(): number {
    let runs = 0;
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const many = this.counts[2 * bucket] ?? 0;
      runs += many;
      sum += many * this.#own(bucket);
    }
    return runs === 0 ? 0 : sum / runs;
  }
}

function bucketOf(load: number): number {
  return Math.min(BUCKETS - 1, Math.max(0, Math.floor(load * BUCKETS)));
}
