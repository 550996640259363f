import type { JobFeatures, RunBasis } from "./estimator.ts";
import { LogGrid } from "./log-grid.ts";
import type { QueueModel } from "./queue-model.ts";
import { RunMove } from "./run-move.ts";
import type { RunNode } from "./run-node.ts";
import { RunPool } from "./run-pool.ts";

/** Room below which no interval shrinks, as a logarithm: nothing is ever quite certain. */
const LEAST_WIDTH = 0.03;
/** Logarithms of 25 % less and 25 % more. */
const NEAR_BELOW = Math.log(0.75);
const NEAR_ABOVE = Math.log(1.25);

/** Reads what nodes say of one job at a time: a pool of past runs and the distribution they make. */
export class RunReader {
  /** How past runs are moved to the job that was read last. */
  readonly move: RunMove = new RunMove();
  readonly #pool = new RunPool();
  readonly #grid = new LogGrid();
  #model: QueueModel | null = null;
  #drawn = false;

  /** Gathers the runs that speak for a job; false when there are none. */
  read(features: JobFeatures, nodes: readonly (RunNode | null)[], model: QueueModel, asOf: number): boolean {
    this.#model = model;
    this.#drawn = false;
    this.move.aim(features, model);
    this.#pool.gather(nodes, model.weights, { asOf, move: this.move, shift: model.load.shift(features.load) });
    return this.#pool.count > 0;
  }

  /** Distribution of what was read. */
  grid(): LogGrid {
    if (!this.#drawn && this.#model !== null) this.#pool.spreadOver(this.#grid, this.#model.weights);
    this.#drawn = true;
    return this.#grid;
  }

  /** What it says, not corrected yet. */
  basis(asOf: number): RunBasis {
    const grid = this.grid();
    const median = grid.quantile(0.5);
    return {
      asOf,
      median,
      below: median - grid.quantile(0.1) + LEAST_WIDTH,
      above: grid.quantile(0.9) - median + LEAST_WIDTH,
      near: grid.above(median + NEAR_BELOW) - grid.above(median + NEAR_ABOVE),
    };
  }

  /** Share of each context in what was read, by its place. */
  shares(contexts: number): number[] {
    return this.#pool.shares(contexts);
  }

  learn(log: number, model: QueueModel): void {
    if (this.#pool.count > 0) this.#pool.learn(log, model.weights);
  }
}
