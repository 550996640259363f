import { HISTORY_TIERS, type TierStep } from "@wsight/protocol";
import type { TierExtent } from "../../store/reader.ts";

/** Longest look-back for the newest value, as in Prometheus. */
const LOOKBACK_MS = 300_000;
/** Shortest: what has just been recorded may be on its way for a moment. */
const LEAST_LOOKBACK_MS = 10_000;
/** Missing intervals after which a series is not there any more. */
const STALE_INTERVALS = 5;
/** Values that may be read rather than taking a coarser tier. */
const CHEAP = 4_000_000;

/** What has to be known to choose a tier. */
export interface TierWish {
  /** Where the time that is needed begins and ends, ms epoch. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Coarsest interval that still serves, ms. */
  readonly coarsestMs: number;
  /** Values that would be read or looked at, for an interval of 1 ms. */
  readonly cost: number;
}

/**
 * The finest tier that has the whole time and is cheap to read; else the
 * finest of those that serve and are; else the coarsest that serves.
 */
export function chooseTier(extents: readonly TierExtent[], wish: TierWish): TierStep {
  const filled = extents.filter(({ oldestAt }) => oldestAt !== null);
  const whole = filled.filter((extent) => reaches(extent, filled, wish.fromAt));
  const serving = whole.filter(({ stepMs }, i) => i === 0 || stepMs <= wish.coarsestMs);
  const cheap = serving.find(({ stepMs }) => wish.cost / stepMs <= CHEAP);
  return (cheap ?? serving.at(-1) ?? filled.at(-1) ?? HISTORY_TIERS[0])?.stepMs ?? 1000;
}

/** True when no coarser tier knows more of the time from `fromAt` on. */
function reaches({ oldestAt, stepMs }: TierExtent, extents: readonly TierExtent[], fromAt: number): boolean {
  if (oldestAt === null || oldestAt <= fromAt) return oldestAt !== null;
  return extents
    .filter((other) => other.stepMs > stepMs)
    .every((other) => (other.oldestAt ?? 0) >= Math.floor(oldestAt / other.stepMs) * other.stepMs);
}

/** How old the newest value of a tier may be, ms: a longer gap is the end of a series. */
export function lookbackOf(stepMs: number): number {
  return Math.max(LEAST_LOOKBACK_MS, Math.min(STALE_INTERVALS * stepMs, LOOKBACK_MS), 2 * stepMs);
}

/** End of the newest second that is known, ms epoch; `null` while nothing is. */
export function newestEnd(extents: readonly TierExtent[]): number | null {
  const finest = extents.find(({ newestAt }) => newestAt !== null);
  return finest?.newestAt == null ? null : finest.newestAt + finest.stepMs;
}
