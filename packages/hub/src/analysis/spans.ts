import type { TierStep } from "@wsight/protocol";
import { endOf, type Plan } from "./grid.ts";

/** A time that is read from one tier. */
export interface Span {
  readonly tierMs: TierStep;
  readonly fromAt: number;
  readonly toAt: number;
}

/** What another read of the same series costs, in intervals. */
const READ_COST = 30;

/** The one span of a plan. */
export function spanOf({ grid, tierMs }: Plan): Span {
  return { tierMs, fromAt: grid.fromAt, toAt: endOf(grid) };
}

/**
 * The whole time of a plan with as few intervals as there are tiers for: a
 * coarser one within, the plan's own at both ends.
 */
export function fewestSpans(plan: Plan): readonly Span[] {
  const own = spanOf(plan);
  let best: readonly Span[] = [own];
  for (const tierMs of plan.held) {
    if (tierMs <= own.tierMs || tierMs % own.tierMs !== 0) continue;
    const fromAt = Math.ceil(own.fromAt / tierMs) * tierMs;
    const toAt = Math.floor(own.toAt / tierMs) * tierMs;
    if (toAt <= fromAt) continue;
    const spans = [
      { ...own, toAt: fromAt },
      { tierMs, fromAt, toAt },
      { ...own, fromAt: toAt },
    ];
    const some = spans.filter((span) => span.toAt > span.fromAt);
    if (costOf(some) < costOf(best)) best = some;
  }
  return best;
}

function costOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { tierMs, fromAt, toAt }) => sum + READ_COST + (toAt - fromAt) / tierMs, 0);
}
