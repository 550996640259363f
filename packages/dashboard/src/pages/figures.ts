import type { Selector } from "@wsight/protocol";
import type { LiveState } from "../state/index.ts";

const MINUTE_MS = 60_000;
const SMOOTH_MS = 10_000;

/** Sum of two figures; what is not known does not count, unless nothing is. */
export function plus(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** A part of a whole; `null` when either is not known or the whole is nothing. */
export function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** How many in the last 60 s, from rates per second; `null` when none of that time is known. */
export function lastMinute(live: LiveState, selector: Selector): number | null {
  const { sum } = addUp(live, selector, MINUTE_MS);
  // Of the past there may be one rate for several minutes: as many a minute as then.
  return sum === null ? null : (sum * Math.min(MINUTE_MS, live.stepMs.peek())) / 1000;
}

/** Mean over the last 10 s, for rates so low that single seconds say little. */
export function meanOf(live: LiveState, selector: Selector): number | null {
  const { sum, known } = addUp(live, selector, SMOOTH_MS);
  return sum === null ? null : sum / known;
}

function addUp(live: LiveState, selector: Selector, lengthMs: number): { sum: number | null; known: number } {
  const to = live.edge.peek();
  const stepMs = live.stepMs.peek();
  const { value, length } = live.series(selector).read(to - Math.max(0, lengthMs - stepMs), to);
  let sum: number | null = null;
  let known = 0;
  for (let i = 0; i < length; i++) {
    const each = value[i] as number;
    if (each !== each) continue;
    sum = (sum ?? 0) + each;
    known++;
  }
  return { sum, known };
}
