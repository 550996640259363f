import { ConfidenceCorrector } from "./confidence-corrector.ts";
import { IntervalCorrector } from "./interval-corrector.ts";
import { LoadEffect } from "./load-effect.ts";
import { MixtureWeights } from "./mixture-weights.ts";
import { PlanEffect } from "./plan-effect.ts";
import { SizeSlope } from "./size-slope.ts";

/** What was learned of a queue as a whole. */
export class QueueModel {
  readonly weights: MixtureWeights = new MixtureWeights();
  readonly intervals: IntervalCorrector = new IntervalCorrector();
  readonly confidence: ConfidenceCorrector = new ConfidenceCorrector();
  readonly slope: SizeSlope = new SizeSlope();
  readonly load: LoadEffect = new LoadEffect();
  readonly plans: PlanEffect = new PlanEffect();
  /** Place of the newest run learned from, cut off ones included. */
  place = 0;
  #asOf = -1;
  #burst = 0;

  /**
   * How much a run says of how good estimates are, that had been estimated as of a place. Those of one burst, estimated
   * before any of them ended, are off together: the more there were, the less one counts.
   */
  weightOf(asOf: number): number {
    this.#burst = asOf === this.#asOf ? this.#burst + 1 : 1;
    this.#asOf = asOf;
    return 1 / this.#burst;
  }
}
