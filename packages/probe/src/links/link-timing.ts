/** How patient a remote link is, in ms. */
export interface LinkTiming {
  /** An attempt that has not led to an open link by then has failed. */
  readonly connectMs: number;
  /** Between two looks whether the hub is still there. */
  readonly beatMs: number;
  /** The first wait between attempts is between 0 and this; it doubles from attempt to attempt. */
  readonly firstWaitMs: number;
  /** No wait is longer than this. */
  readonly longestWaitMs: number;
  /** Least wait after a refusal, which the next attempt will hardly change; at most twice as long. */
  readonly refusedWaitMs: number;
  /** A link that stood this long begins with short waits again. */
  readonly stoodMs: number;
}

/** The timing of a link unless told otherwise. */
export const LINK_TIMING: LinkTiming = {
  connectMs: 5000,
  beatMs: 3000,
  firstWaitMs: 250,
  longestWaitMs: 5000,
  refusedWaitMs: 5000,
  stoodMs: 10_000,
};

/** Looks in a row without a word from the hub, after which it is taken for dead. */
export const SILENT_BEATS = 3;

/**
 * The wait before the next attempt, in ms: anything from 0 to a bound that
 * doubles, so that the probes of a hub that comes back do not come all at once.
 * @param attempt attempts that failed since the link stood, from 1
 * @param random from 0 to below 1
 */
export function waitMs(attempt: number, refused: boolean, timing: LinkTiming, random: () => number): number {
  const { firstWaitMs, longestWaitMs, refusedWaitMs } = timing;
  if (refused) return refusedWaitMs * (1 + random());
  // Beyond 2^30 the power says nothing new.
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, Math.max(0, attempt - 1))) * random();
}
