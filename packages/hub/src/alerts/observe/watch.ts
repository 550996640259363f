import { type Labels, MAX_RULE_INSTANCES } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import type { FiringView, Observation } from "../observation.ts";

/** A rule that is ready to be looked at. */
export interface Watch {
  /** What its label sets came to in the window that ends with `second`. */
  observe(second: number, firing: FiringView): Watched;
  /** Groups of series that a label set stands for. */
  groups(labels: Labels): readonly WindowGroup[];
}

/** What was seen, and how many label sets there were no room for. */
export interface Watched {
  readonly seen: readonly Observation[];
  readonly leftOut: number;
}

/** Collects what was seen of a rule, as far as there is room. */
export class SeenList implements Watched {
  readonly seen: Observation[] = [];
  leftOut = 0;

  /** True when one more has room; else it is counted. */
  hasRoom(): boolean {
    if (this.seen.length < MAX_RULE_INSTANCES) return true;
    this.leftOut++;
    return false;
  }
}
