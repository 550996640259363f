import { type AlertFilter, expected, type Indicator } from "@wsight/protocol";
import { RatioFigure } from "./ratio-figure.ts";
import type { WindowSource } from "./term.ts";

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
export function compileRatio(source: WindowSource, indicator: Indicator, filter: AlertFilter = {}): RatioReader {
  if (indicator.kind !== "ratio") {
    throw expected("BAD_REQUEST", "indicator", "a ratio of events", indicator.name);
  }
  const plain = { ...indicator, inverted: false };
  const all = new RatioFigure(source, plain, filter, [], 60);
  const byNode = new RatioFigure(source, plain, filter, ["node"], 60);
  return {
    countsAt(at, windowSec) {
      const [row] = all.rowsOver(Math.floor(at / 1000), windowSec);
      return row === undefined || row.whole === 0 ? null : { bad: row.part, total: row.whole };
    },
    countsByNode(at, windowSec) {
      const counts = new Map<string, RatioCounts>();
      for (const { key, part, whole } of byNode.rowsOver(Math.floor(at / 1000), windowSec)) {
        if (whole > 0) counts.set(key, { bad: part, total: whole });
      }
      return counts;
    },
  };
}
