import type { JobPlan } from "@wsight/protocol";
import type { JobFeatures } from "./estimator.ts";
import type { PlanEffect } from "./plan-effect.ts";
import { logOfClass, logOfSize, PRIOR_PLAN_DOUBT, PRIOR_SLOPE, PRIOR_SLOPE_DOUBT, priorOfPlan } from "./prior.ts";
import type { PastRun } from "./run-node.ts";
import type { SizeSlope } from "./size-slope.ts";

/** What was learned of a queue that past runs are moved by. */
export interface MoveModel {
  readonly slope: SizeSlope;
  readonly plans: PlanEffect;
}

/** What a past run is moved by to fit a job of another size or plan, and how sure that is. Used again and again. */
export class RunMove {
  /** Standard deviation of what `of` returned last, as far as it is guessed and not learned. */
  doubt = 0;
  #model: MoveModel | null = null;
  #slope = 0;
  #plan: JobPlan | null = null;
  #logSize = Number.NaN;
  #logClass = Number.NaN;

  /** Sets the job that runs are moved to. */
  aim(features: JobFeatures, model: MoveModel): void {
    this.#model = model;
    this.#slope = model.slope.value;
    this.#plan = features.plan;
    this.#logSize = logOfSize(features.sizeBytes, features.sizeCategory);
    this.#logClass = logOfClass(features.sizeBytes, features.sizeCategory);
  }

  /** To be added to the logarithm of a run: for its size, and for its plan. */
  of(run: PastRun): number {
    this.doubt = 0;
    // Most runs are of the job's class and plan, and this is in the innermost loop.
    if (run.logClass === this.#logClass && run.plan === this.#plan) return this.#slope * (this.#logSize - run.logSize);
    const bySize = this.bySize(run);
    return run.plan === this.#plan ? bySize : bySize + this.#byPlan(run);
  }

  /** The first of them alone. */
  bySize(run: PastRun): number {
    const larger = this.#logSize - run.logSize;
    if (larger !== larger) return 0;
    const classes = this.#logClass - run.logClass;
    return classes === 0 ? this.#slope * larger : this.#slope * larger + this.#byClass(classes);
  }

  #byClass(classes: number): number {
    const guessed = this.#model?.slope.guessed(classes) ?? 0;
    this.doubt = Math.sqrt(guessed) * Math.abs(classes) * PRIOR_SLOPE_DOUBT;
    return guessed * classes * (PRIOR_SLOPE - this.#slope);
  }

  #byPlan(run: PastRun): number {
    if (this.#model === null || this.#plan === null || run.plan === null) return 0;
    const { plans } = this.#model;
    const prior = Math.abs(priorOfPlan(this.#plan) - priorOfPlan(run.plan));
    const doubt = Math.sqrt(plans.guessed(run.plan, this.#plan)) * prior * PRIOR_PLAN_DOUBT;
    this.doubt = Math.sqrt(this.doubt ** 2 + doubt ** 2);
    return plans.between(run.plan, this.#plan);
  }
}
