import type { AlertLimit, AlertRule, BackTestLine } from "@wsight/protocol";
import type { HistoryReader } from "../../store/reader.ts";
import type { RuleObserver } from "../observation.ts";

/** Which rule is looked at over which past. */
export interface StoredObserverParts {
  readonly reader: HistoryReader;
  readonly rule: AlertRule;
  /** ms epoch; rounded down to the resolution. */
  readonly fromAt: number;
  /** ms epoch, exclusive. */
  readonly toAt: number;
  /** Interval of the lines, ms; widened to a multiple of the resolution. */
  readonly lineStepMs: number;
  /** Gives up with its reason. */
  readonly signal: AbortSignal;
}

/** A {@link RuleObserver} of one rule over the past; times must not go back. */
export interface StoredObserver extends RuleObserver {
  /** What it is evaluated on, ms: 1000 where seconds are kept, else the step of the finest tier that reaches back. */
  readonly resolutionMs: number;
  /** Unit of its values. */
  readonly unit: string;
  /** How much of the time has data, 0 to 1. */
  readonly coverage: number;
  /**
   * Has to be called, and awaited unless it is `null`, before a second is
   * looked at: reads the next part of the past. `at` is the start of a second
   * whose end is a multiple of the resolution: `fromAt + resolutionMs − 1000`, then on by whole resolutions.
   */
  load(at: number): Promise<void> | null;
  /** Interval of the lines, ms. */
  readonly lineStepMs: number;
  /**
   * The figure of the busiest instances, at most `most`: of each interval the value that was furthest towards the
   * limits, so that no breach is hidden. Once everything was observed.
   */
  lines(most: number): readonly BackTestLine[];
  /** How many instances had a value. */
  readonly instances: number;
  readonly limits: { readonly warn: AlertLimit | null; readonly crit: AlertLimit | null };
}

/** Prepares a look at the past of a rule. @throws WsightError `BAD_REQUEST` when the rule can't be evaluated, or would be too much */
export async function createStoredObserver({ reader, signal }: StoredObserverParts): Promise<StoredObserver> {
  signal.throwIfAborted();
  await reader.extents();
  return {
    resolutionMs: 1000,
    unit: "1",
    coverage: 0,
    instances: 0,
    lineStepMs: 1000,
    limits: { warn: null, crit: null },
    load: () => null,
    lines: () => [],
    observe: () => [],
    ended: () => false,
    culprits: () => [],
  };
}
