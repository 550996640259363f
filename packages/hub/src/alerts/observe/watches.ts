import type { AlertRule } from "@wsight/protocol";
import type { FiringView } from "../observation.ts";
import { type LongCounts, openBurnRate } from "./burn-watch.ts";
import { openComposite } from "./composite-watch.ts";
import { Figures } from "./figures.ts";
import type { WindowSource } from "./term.ts";
import { openNoData, openThreshold } from "./threshold-watch.ts";
import type { Watch, Watched } from "./watch.ts";

/** Where watches look. */
export interface WatchParts {
  readonly source: WindowSource;
  /** Longest window of the source, seconds. */
  readonly reachSec: number;
  /** Counts over longer windows; `null` where there is no history. */
  readonly long: ((rule: AlertRule) => LongCounts) | null;
}

/** Watches of rules, prepared when a rule is first seen; by the identity of its object. */
export class Watches {
  readonly figures: Figures;
  readonly #parts: WatchParts;
  readonly #watches = new WeakMap<AlertRule, Watch>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.figures = new Figures(parts.source);
  }

  /** What a rule's label sets came to. @throws WsightError `BAD_REQUEST` when the rule can't be evaluated */
  observe(rule: AlertRule, at: number, firing: FiringView): Watched {
    return this.of(rule).observe(Math.floor(at / 1000), firing);
  }

  /** @throws WsightError `BAD_REQUEST` when the rule can't be evaluated */
  of(rule: AlertRule): Watch {
    let watch = this.#watches.get(rule);
    if (watch === undefined) {
      watch = this.#open(rule);
      this.#watches.set(rule, watch);
    }
    return watch;
  }

  #open(rule: AlertRule): Watch {
    switch (rule.kind) {
      case "threshold":
        return openThreshold(rule, this.figures);
      case "no_data":
        return openNoData(rule, this.figures);
      case "burn_rate":
        return openBurnRate(rule, this.#parts);
      case "composite":
        return openComposite(rule, this.figures);
    }
  }
}
