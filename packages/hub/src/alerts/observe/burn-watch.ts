import { type AlertRule, type AlertSeverity, type BurnWindow, type Labels, WsightError } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import type { Observation } from "../observation.ts";
import { keyOf } from "./figure.ts";
import { ratioOf } from "./figures.ts";
import type { RatioCounts } from "./ratio.ts";
import { RatioFigure } from "./ratio-figure.ts";
import type { WindowSource } from "./term.ts";
import { SeenList, type Watch } from "./watch.ts";

/** Counts of windows that are longer than those of the source. */
export interface LongCounts {
  /** Of the `seconds` up to and with `second`, by the key of the label set; empty while they are not known. */
  counts(second: number, seconds: number): ReadonlyMap<string, RatioCounts>;
  /** Label sets that were ever met, by their keys. */
  labels(): ReadonlyMap<string, Labels>;
}

/** What burn rates are made from. */
export interface BurnParts {
  readonly source: WindowSource;
  /** Longest window of the source, seconds. */
  readonly reachSec: number;
  /** For windows beyond; `null` where there is no history. */
  readonly long: ((rule: AlertRule) => LongCounts) | null;
}

interface Burn {
  /** How many times as fast as allowed. */
  readonly speed: number;
  readonly window: BurnWindow;
}

/**
 * An error budget that is used up too fast: a pair of windows breaches when
 * both burn at least its factor times as fast as the objective allows, the long
 * one so that it matters, the short one so that it is still going on.
 */
export function openBurnRate(rule: AlertRule, { source, reachSec, long: openLong }: BurnParts): Watch {
  const { burnRate, groupBy } = rule;
  if (burnRate === null) throw new WsightError("BAD_REQUEST", "burnRate: expected windows and an objective, got null");
  const allowed = 1 - burnRate.objective;
  const figure = new RatioFigure(source, { ...ratioOf(rule.metric), inverted: false }, rule.filter, groupBy, reachSec);
  const isLong = burnRate.windows.some(({ longSec, shortSec }) => Math.max(longSec, shortSec) > reachSec);
  if (isLong && openLong === null) {
    throw new WsightError(
      "BAD_REQUEST",
      `burnRate: windows beyond ${reachSec} s are read from history, and none is kept`,
    );
  }
  const past = isLong && openLong !== null ? openLong(rule) : null;

  /** Counts of all label sets over one window. */
  function counted(second: number, seconds: number): ReadonlyMap<string, RatioCounts> {
    if (seconds > reachSec) return past?.counts(second, seconds) ?? new Map();
    const counts = new Map<string, RatioCounts>();
    for (const { key, part, whole } of figure.rowsOver(second, seconds)) {
      if (whole > 0) counts.set(key, { bad: part, total: whole });
    }
    return counts;
  }

  function speedOf(counts: RatioCounts | undefined): number {
    return counts === undefined ? Number.NaN : counts.bad / counts.total / allowed;
  }

  function observed(labels: Labels, burns: readonly Burn[], samples: number): Observation {
    const burning = samples < rule.minSamples ? [] : burns.filter(({ speed, window }) => speed >= window.factor);
    const critical = burning.filter(({ window }) => window.severity === "critical");
    const worst = worstOf([critical, burning, burns].find((some) => some.length > 0) ?? burns);
    const level: AlertSeverity | null = burning.length > 0 ? worst.window.severity : null;
    return { labels, value: worst.speed, samples, level, good: level === null, limit: worst.window.factor };
  }

  function labelSets(second: number): ReadonlyMap<string, Labels> {
    const sets = new Map(past?.labels() ?? []);
    for (const { key, labels } of figure.rowsOver(second, 1)) if (!sets.has(key)) sets.set(key, labels);
    return sets;
  }

  return {
    observe(second) {
      const list = new SeenList();
      const lengths = new Set(burnRate.windows.flatMap(({ longSec, shortSec }) => [longSec, shortSec]));
      const counts = new Map([...lengths].map((seconds) => [seconds, counted(second, seconds)]));
      for (const [key, labels] of labelSets(second)) {
        const burns = burnRate.windows.flatMap((window): readonly Burn[] => {
          const long = speedOf(counts.get(window.longSec)?.get(key));
          const short = counts.get(window.shortSec)?.get(key);
          if (long !== long) return [];
          // Without an event lately nothing burns.
          return [{ window, speed: short === undefined ? 0 : Math.min(long, speedOf(short)) }];
        });
        if (burns.length === 0 || !list.hasRoom()) continue;
        const samples = Math.max(...[...lengths].map((seconds) => counts.get(seconds)?.get(key)?.total ?? 0));
        list.seen.push(observed(labels, burns, samples));
      }
      return list;
    },
    groups: (labels): readonly WindowGroup[] => figure.groups(keyOf(labels, groupBy)),
  };
}

/** The one that is furthest beyond, or nearest to, its factor. */
function worstOf(burns: readonly Burn[]): Burn {
  return burns.reduce((worst, burn) =>
    burn.speed / burn.window.factor > worst.speed / worst.window.factor ? burn : worst,
  );
}
