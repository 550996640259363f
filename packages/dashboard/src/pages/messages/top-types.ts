import type { TypeRow } from "@wsight/protocol";

/** One type of message of one library, in both directions. */
export interface TopType {
  readonly event: string;
  readonly library: string;
}

/** Types that get a line of their own. */
const MOST = 5;
/** A type keeps its line while it is among so many: lines that change places each second say nothing. */
const KEPT_WITHIN = 7;

/**
 * The types to draw, the busiest first. Those drawn before stay as they are
 * while all of them are still near the top, so that lines keep their colours.
 */
export function pickTopTypes(rows: readonly TypeRow[], before: readonly TopType[]): readonly TopType[] {
  const rates = new Map<string, { readonly type: TopType; rate: number }>();
  for (const { event, library, rate } of rows) {
    const key = keyOf({ event, library });
    const known = rates.get(key);
    if (known === undefined) rates.set(key, { type: { event, library }, rate });
    else known.rate += rate;
  }
  const ranked = [...rates.values()].filter(({ rate }) => rate > 0).sort((a, b) => b.rate - a.rate);
  const near = new Set(ranked.slice(0, KEPT_WITHIN).map(({ type }) => keyOf(type)));
  const wanted = Math.min(MOST, ranked.length);
  // When nothing was said for ten seconds there is no ranking, and no reason to take lines away.
  if (before.length >= wanted && (ranked.length === 0 || before.every((type) => near.has(keyOf(type))))) return before;
  return ranked.slice(0, MOST).map(({ type }) => type);
}

function keyOf({ event, library }: TopType): string {
  return `${library} ${event}`;
}
