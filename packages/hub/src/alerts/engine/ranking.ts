import type { InstanceState } from "../machine/instance-state.ts";
import { mildestLevel } from "../machine/levels.ts";
import type { EngineCounts } from "./alert-engine.ts";
import { type Book, isFiring } from "./book.ts";
import type { Slot } from "./slot.ts";

/** A slot that is not in range. */
export interface Active {
  readonly slot: Slot;
  readonly state: InstanceState;
}

/** Firing before pending, critical before warning, the newest first; at most `most`. */
export function worstFirst(slots: Iterable<Slot>, most: number): readonly Active[] {
  let worst: Active[] = [];
  for (const slot of slots) {
    if (slot.state === null) continue;
    const one = { slot, state: slot.state };
    const mildest = worst[most - 1];
    // Of many thousands most are not among them: those are not sorted.
    if (mildest !== undefined && compare(one, mildest) >= 0) continue;
    worst.push(one);
    if (worst.length >= 2 * most) worst = worst.sort(compare).slice(0, most);
  }
  return worst.sort(compare).slice(0, most);
}

function compare(a: Active, b: Active): number {
  return rankOf(b) - rankOf(a) || sinceOf(b.state) - sinceOf(a.state);
}

/** How many there are of each. */
export function countsOf(book: Book): EngineCounts {
  let critical = 0;
  let warning = 0;
  let pending = 0;
  for (const { state } of book.active) {
    if (isFiring(state)) {
      if (state?.level === "critical") critical++;
      else warning++;
    } else if (state?.status === "pending") {
      pending++;
    }
  }
  const leftOut = book.entries.reduce((sum, entry) => sum + entry.leftOut, 0);
  return { critical, warning, pending, leftOut };
}

function rankOf({ slot, state }: Active): number {
  if (state.status === "pending") return 0;
  return (state.level ?? mildestLevel(slot.entry.rule)) === "critical" ? 2 : 1;
}

function sinceOf({ firedAt, activeAt, evaluatedAt }: InstanceState): number {
  return firedAt ?? activeAt ?? evaluatedAt;
}
