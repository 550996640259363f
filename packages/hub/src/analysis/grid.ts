import { expected, HISTORY_TIERS, type HistoryRange, MAX_HISTORY_POINTS, type TierStep } from "@wsight/protocol";
import type { TierExtent } from "../store/reader.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Intervals that people read well, and that tiers fit into. */
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((count) => count * HOUR),
  ...[1, 2, 4, 7, 14, 28, 56, 112, 224, 448].map((count) => count * DAY),
];
const DEFAULT_POINTS = 600;

/** Intervals of equal length, one after the other. */
export interface Grid {
  /** Start of the first, ms epoch: a multiple of the tier's step. */
  readonly fromAt: number;
  /** Length of each, ms: a multiple of the tier's step. */
  readonly stepMs: number;
  /** How many. */
  readonly cells: number;
}

/** Which intervals are answered, and which tier they are made from. */
export interface Plan {
  readonly grid: Grid;
  readonly tierMs: TierStep;
  /** Tiers that hold what there is of this time, finest first. */
  readonly held: readonly TierStep[];
}

/** End of the last interval, ms epoch. */
export function endOf({ fromAt, stepMs, cells }: Grid): number {
  return fromAt + stepMs * cells;
}

/**
 * Chooses intervals and tier: the coarsest tier that fits into the intervals
 * and still holds all that any tier has of this time, since every such tier
 * gives the same answer. A step that none fits into any more is widened.
 * @throws WsightError `BAD_REQUEST` for too many intervals
 */
export function planGrid(
  range: HistoryRange,
  extents: readonly TierExtent[],
  points: number = range.points ?? DEFAULT_POINTS,
): Plan {
  const held = heldTiers(extents, range);
  const stepMs = range.stepMs === undefined ? chooseStep(range, held, points) : widened(range.stepMs, held);
  const grid = alignedGrid(range, stepMs);
  if (grid.cells > MAX_HISTORY_POINTS) {
    const least = Math.ceil((range.toAt - range.fromAt) / (MAX_HISTORY_POINTS - 1) / SECOND) * SECOND;
    const what = `at least ${least} for this time (${MAX_HISTORY_POINTS} intervals at most)`;
    throw expected("BAD_REQUEST", "stepMs", what, stepMs);
  }
  return { grid, held, tierMs: coarsest(held, stepMs) };
}

/** Intervals at multiples of `stepMs` that cover a range. */
export function alignedGrid({ fromAt, toAt }: Pick<HistoryRange, "fromAt" | "toAt">, stepMs: number): Grid {
  const startAt = Math.floor(fromAt / stepMs) * stepMs;
  return { fromAt: startAt, stepMs, cells: Math.ceil((toAt - startAt) / stepMs) };
}

/**
 * Tiers that hold of a time whatever any coarser tier holds of it, finest
 * first; all tiers when there is nothing at all. The ends of a coarser tier
 * are known to its step only.
 */
export function heldTiers(
  extents: readonly TierExtent[],
  { fromAt, toAt }: Pick<HistoryRange, "fromAt" | "toAt">,
): readonly TierStep[] {
  const held = extents.filter(({ stepMs, oldestAt, newestAt }) => {
    if (oldestAt === null || newestAt === null) return false;
    return extents.every((coarser) => {
      if (coarser.stepMs <= stepMs || coarser.oldestAt === null || coarser.newestAt === null) return true;
      const floor = (at: number): number => Math.floor(at / coarser.stepMs) * coarser.stepMs;
      const reachesBack = oldestAt <= fromAt || floor(oldestAt) <= Math.max(coarser.oldestAt, floor(fromAt));
      return reachesBack && floor(newestAt) >= Math.min(coarser.newestAt, floor(toAt - 1));
    });
  });
  const steps = held.map(({ stepMs }) => stepMs);
  return steps.length > 0 ? steps : HISTORY_TIERS.map(({ stepMs }) => stepMs);
}

/** The coarsest of `tiers` that fits into `stepMs`. */
export function coarsest(tiers: readonly TierStep[], stepMs: number): TierStep {
  const fitting = tiers.filter((tierMs) => stepMs % tierMs === 0);
  return fitting.at(-1) ?? (tiers[0] as TierStep);
}

function widened(stepMs: number, held: readonly TierStep[]): number {
  if (held.some((tierMs) => stepMs % tierMs === 0)) return stepMs;
  const finest = held[0] as TierStep;
  return Math.ceil(stepMs / finest) * finest;
}

function chooseStep(range: HistoryRange, held: readonly TierStep[], points: number): number {
  const steps = STEPS.filter((stepMs) => held.some((tierMs) => stepMs % tierMs === 0));
  return steps.find((stepMs) => alignedGrid(range, stepMs).cells <= points) ?? (steps.at(-1) as number);
}
