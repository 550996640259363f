import { CONTEXTS } from "./contexts.ts";
import type { LogGrid } from "./log-grid.ts";
import { AGE_OF, AGES, type MixtureWeights, SPREADS, spreadOf, WIDTHS } from "./mixture-weights.ts";
import type { RunMove } from "./run-move.ts";
import { type RunNode, USED_RUNS } from "./run-node.ts";

/** What past runs are moved by to fit a job. */
export interface PoolAim {
  /** Runs that had been learned from; later ones are left out. */
  readonly asOf: number;
  /** For their sizes and plans. */
  readonly move: RunMove;
  /** Added to all: the load. */
  readonly shift: number;
}

const MOST = CONTEXTS.length * USED_RUNS;
const NEWEST = 6;
/** Kernels are narrower than they were learned with, because those have long tails and these have none. */
const NARROWER = 0.8;
/** Where the mass of a kernel stands: five parts of equal weight. */
const PARTS = [-1.6, -0.5, 0, 0.5, 1.6] as const;
const FURTHEST_PART = 1.61;
const WIDEST = NARROWER * Math.max(...WIDTHS);
const OFFSETS: readonly Float64Array[] = WIDTHS.map((width) => Float64Array.from(PARTS, (at) => at * width * NARROWER));

/** The past runs that speak for one job, with their weights. One pool is used again and again: no allocation. */
export class RunPool {
  readonly #at = new Float64Array(MOST);
  /** How sure it is that it stands there: half width that is added to its kernels. */
  readonly #doubt = new Float64Array(MOST);
  readonly #offsets = new Float64Array(PARTS.length);
  readonly #weight = new Float64Array(MOST);
  readonly #runClass = new Int16Array(MOST);
  readonly #widthClass = new Int16Array(MOST);
  readonly #kernel = new Float64Array(MOST * WIDTHS.length);
  readonly #moves = new Float64Array(CONTEXTS.length * SPREADS * AGES);
  readonly #widthMoves = new Float64Array(WIDTHS.length);
  readonly #newest = new Float64Array(NEWEST);
  #count = 0;
  #largestDoubt = 0;

  get count(): number {
    return this.#count;
  }

  /** Fills it from the nodes of a job's contexts, in the order of `CONTEXTS`. */
  gather(nodes: readonly (RunNode | null)[], weights: MixtureWeights, aim: PoolAim): void {
    this.#count = 0;
    this.#largestDoubt = 0;
    for (let context = 0; context < nodes.length; context++) {
      const node = nodes[context];
      if (node === null || node === undefined) continue;
      const first = this.#count;
      this.#take(node, aim);
      this.#classify(first, context, weights);
    }
  }

  /** Puts its mass upon a grid, smoothed. */
  spreadOver(grid: LogGrid, weights: MixtureWeights): void {
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (let run = 0; run < this.#count; run++) {
      const at = this.#at[run] ?? 0;
      if (at < from) from = at;
      if (at > to) to = at;
    }
    const reach = FURTHEST_PART * Math.hypot(WIDEST, this.#largestDoubt);
    grid.clear(from - reach, to + reach);
    const sure = this.#largestDoubt === 0;
    for (let run = 0; run < this.#count; run++) {
      const at = this.#at[run] ?? 0;
      const part = (this.#weight[run] ?? 0) / PARTS.length;
      const widthClass = this.#widthClass[run] ?? 0;
      const unsure = sure ? 0 : (this.#doubt[run] ?? 0);
      for (let width = 0; width < WIDTHS.length; width++) {
        const offsets = unsure === 0 ? OFFSETS[width] : this.#widened(width, unsure);
        if (offsets !== undefined) grid.add(at, offsets, part * (weights.widths[widthClass + width] ?? 0));
      }
    }
  }

  /** Moves the weights towards those under which `log` would have been likelier. */
  learn(log: number, weights: MixtureWeights): void {
    let total = 0;
    for (let run = 0; run < this.#count; run++) total += this.#weight[run] ?? 0;
    const likelihood = this.#weigh(log, total, weights);
    if (!(likelihood > 0)) return;
    this.#moveRuns(total, likelihood, weights);
    this.#moveWidths(likelihood, weights);
  }

  /** Share of the weight by context; zeros when it is empty. */
  shares(contexts: number): number[] {
    const sums = Array.from({ length: contexts }, () => 0);
    let total = 0;
    for (let run = 0; run < this.#count; run++) {
      const context = Math.floor((this.#runClass[run] ?? 0) / (SPREADS * AGES));
      sums[context] = (sums[context] ?? 0) + (this.#weight[run] ?? 0);
      total += this.#weight[run] ?? 0;
    }
    return sums.map((sum) => (total === 0 ? 0 : sum / total));
  }

  #widened(width: number, doubt: number): Float64Array {
    const half = Math.sqrt((NARROWER * (WIDTHS[width] ?? 1)) ** 2 + doubt ** 2);
    for (let part = 0; part < PARTS.length; part++) this.#offsets[part] = half * (PARTS[part] ?? 0);
    return this.#offsets;
  }

  #take(node: RunNode, aim: PoolAim): void {
    const { runs } = node;
    let taken = 0;
    for (let place = runs.length - 1; place >= 0 && taken < USED_RUNS; place--) {
      const run = runs[place];
      if (run === undefined || run.place > aim.asOf) continue;
      this.#at[this.#count] = run.log + aim.shift + aim.move.of(run);
      const { doubt } = aim.move;
      this.#doubt[this.#count] = doubt;
      if (doubt > this.#largestDoubt) this.#largestDoubt = doubt;
      this.#count += 1;
      taken += 1;
    }
  }

  #classify(first: number, context: number, weights: MixtureWeights): void {
    const group = context * SPREADS + this.#spread(first);
    for (let run = first; run < this.#count; run++) {
      const runClass = group * AGES + (AGE_OF[run - first] ?? AGES - 1);
      this.#runClass[run] = runClass;
      this.#widthClass[run] = group * WIDTHS.length;
      this.#weight[run] = weights.runs[runClass] ?? 0;
    }
  }

  /** How well the newest of those from `first` on agree. */
  #spread(first: number): number {
    const many = Math.min(NEWEST, this.#count - first);
    if (many < 2) return 0;
    const newest = this.#newest;
    for (let place = 0; place < many; place++) {
      const at = this.#at[first + place] ?? 0;
      let before = place - 1;
      for (; before >= 0 && (newest[before] ?? 0) > at; before--) newest[before + 1] = newest[before] ?? 0;
      newest[before + 1] = at;
    }
    const median = newest[many >> 1] ?? 0;
    let sum = 0;
    for (let place = 0; place < many; place++) sum += Math.abs((newest[place] ?? 0) - median);
    return spreadOf(sum / (many - 1));
  }

  /** Likelihood of `log`, and what each kernel adds to it. The kernels are those of Student with two degrees of freedom. */
  #weigh(log: number, total: number, weights: MixtureWeights): number {
    let sum = 0;
    const sure = this.#largestDoubt === 0;
    for (let run = 0; run < this.#count; run++) {
      const share = (this.#weight[run] ?? 0) / total;
      const away = log - (this.#at[run] ?? 0);
      const widthClass = this.#widthClass[run] ?? 0;
      const doubt = sure ? 0 : (this.#doubt[run] ?? 0);
      for (let width = 0; width < WIDTHS.length; width++) {
        const narrow = WIDTHS[width] ?? 1;
        const half = doubt === 0 ? narrow : Math.sqrt(narrow ** 2 + doubt ** 2);
        const square = 1 + (away / half) ** 2;
        const mass = (share * (weights.widths[widthClass + width] ?? 0) * 0.5) / (half * square * Math.sqrt(square));
        this.#kernel[run * WIDTHS.length + width] = mass;
        sum += mass;
      }
    }
    return sum;
  }

  #moveRuns(total: number, likelihood: number, weights: MixtureWeights): void {
    const moves = this.#moves;
    for (let run = 0; run < this.#count; run++) {
      const runClass = this.#runClass[run] ?? 0;
      moves[runClass] = (moves[runClass] ?? 0) + this.#told(run) / likelihood - (this.#weight[run] ?? 0) / total;
    }
    for (let run = 0; run < this.#count; run++) {
      const runClass = this.#runClass[run] ?? 0;
      const move = moves[runClass] ?? 0;
      if (move !== 0) weights.moveRun(runClass, move);
      moves[runClass] = 0;
    }
  }

  #moveWidths(likelihood: number, weights: MixtureWeights): void {
    let run = 0;
    while (run < this.#count) {
      const widthClass = this.#widthClass[run] ?? 0;
      const moves = this.#widthMoves.fill(0);
      for (; run < this.#count && this.#widthClass[run] === widthClass; run++) {
        const told = this.#told(run);
        for (let width = 0; width < WIDTHS.length; width++) {
          const mass = this.#kernel[run * WIDTHS.length + width] ?? 0;
          moves[width] = (moves[width] ?? 0) + (mass - told * (weights.widths[widthClass + width] ?? 0)) / likelihood;
        }
      }
      weights.moveWidths(widthClass, moves);
    }
  }

  #told(run: number): number {
    const first = run * WIDTHS.length;
    return (this.#kernel[first] ?? 0) + (this.#kernel[first + 1] ?? 0) + (this.#kernel[first + 2] ?? 0);
  }
}
