import type { AlertFilter, Indicator } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";

/** Events of a ratio within a window. */
export interface RatioCounts {
  readonly bad: number;
  /** All events, the bad ones included; above 0. */
  readonly total: number;
}

/** Reads how many events of a ratio indicator were bad. */
export interface RatioReader {
  /**
   * All series together, over the `windowSec` (1 to 900) seconds up to and with the closed second that starts at `at`
   * (ms epoch). `null` when there was no event, or nothing is known.
   */
  countsAt(at: number, windowSec: number): RatioCounts | null;
  /** The same of each node, as `service/instance`; nodes without an event are left out. */
  countsByNode(at: number, windowSec: number): ReadonlyMap<string, RatioCounts>;
}

/**
 * Prepares a ratio indicator. `bad` is always what should not be: for an
 * inverted indicator (a success ratio) the failures.
 * @throws WsightError `BAD_REQUEST` when the indicator is no ratio
 */
export function compileRatio(_current: CurrentView, _indicator: Indicator, _filter: AlertFilter = {}): RatioReader {
  return { countsAt: () => null, countsByNode: () => new Map() };
}
