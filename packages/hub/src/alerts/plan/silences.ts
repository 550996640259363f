import type { AlertSilence, AlertSuppression } from "@wsight/protocol";
import { createLabelIndex, type LabelIndex } from "./label-index.ts";
import { compileMatchers, type LabelTest, type PatternBudget } from "./matchers.ts";
import type { AlertSubject } from "./subject.ts";
import { createWindows, type TimeWindow, type Windows } from "./windows.ts";
import { createZones } from "./zone.ts";

/** Steps of all patterns together: with the longest label they take some ten milliseconds at worst, once for each alert. */
const MAX_STEPS = 20_000;

/** All silences and maintenance windows. */
export interface Silences {
  /** Those that are in force for a subject. */
  of(subject: AlertSubject, at: number): readonly AlertSuppression[];
  /** When the next one begins or ends, ms epoch; `null` for none in sight. */
  nextChangeAt(at: number): number | null;
  /** What could not be read, and so silences nothing. */
  readonly troubles: readonly string[];
}

/** What is wrong with a silence beside those there are; `null` for nothing. */
export function silenceFault(silence: AlertSilence, others: readonly AlertSilence[]): string | null {
  return createSilences([...others, silence]).troubles.find((one) => one.startsWith(`silence ${silence.id}: `)) ?? null;
}

interface Silence {
  readonly silence: AlertSilence;
  readonly matches: LabelTest;
  readonly windows: Windows;
  /** What is known to hold from `fromAt` until `toAt`. */
  known: { readonly fromAt: number; readonly toAt: number; readonly window: TimeWindow | null };
}

/** Silences that can't be read (an unknown zone, a pattern that is none) are left out: rather a notice too many. */
export function createSilences(silences: readonly AlertSilence[]): Silences {
  const troubles: string[] = [];
  const open = createZones();
  const budget: PatternBudget = { left: MAX_STEPS };
  const readable = silences.flatMap((silence): Silence[] => {
    try {
      const windows = createWindows(silence, open);
      return [
        {
          silence,
          windows,
          matches: compileMatchers(silence.matchers, budget),
          known: { fromAt: 0, toAt: 0, window: null },
        },
      ];
    } catch (error) {
      troubles.push(`silence ${silence.id}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
  let inForce = indexOf([]);
  let changesAt = Number.NaN;
  let knownAt = Number.NaN;

  /** Looks at the clock again only when a window has begun or ended, or time went back. */
  function look(at: number): void {
    if (at >= knownAt && at < changesAt) return;
    knownAt = at;
    changesAt = Infinity;
    for (const one of readable) {
      if (at < one.known.fromAt || at >= one.known.toAt) one.known = stretchAt(one.windows, at);
      changesAt = Math.min(changesAt, one.known.toAt);
    }
    inForce = indexOf(readable.filter(({ known }) => known.window !== null));
  }

  return {
    troubles,
    of({ labels }, at) {
      look(at);
      return inForce
        .candidates(labels)
        .filter(({ matches }) => matches(labels))
        .map(({ silence: { kind, id }, known }) => ({ by: kind, id, until: known.window?.endAt ?? null }));
    },
    nextChangeAt(at) {
      look(at);
      return changesAt === Infinity ? null : changesAt;
    },
  };
}

function indexOf(silences: readonly Silence[]): LabelIndex<Silence> {
  return createLabelIndex(silences, ({ silence }) => silence.matchers);
}

/** Furthest that nothing is looked at again, ms: what never comes is asked for once a day. */
const LONGEST_MS = 86_400_000;

function stretchAt(windows: Windows, at: number): Silence["known"] {
  const window = windows.at(at);
  const toAt = window === null ? windows.after(at)?.startAt : window.endAt;
  return { fromAt: at, toAt: Math.min(toAt ?? Infinity, at + LONGEST_MS), window };
}
