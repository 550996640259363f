/** How sure a ratio must be: the normal quantile that keeps a rule that is looked at each second from false onsets. */
const WILSON_Z = 3.3;

/**
 * Lower bound of the share that `bad` of `total` events stand for (Wilson score
 * interval): what it is at least, as sure as `z` says. 0 when there is no event.
 */
export function wilsonLowerBound(bad: number, total: number, z: number = WILSON_Z): number {
  if (!(total > 0) || !(bad > 0)) return 0;
  const share = Math.min(1, bad / total);
  const squared = z * z;
  const spread = z * Math.sqrt((share * (1 - share) + squared / (4 * total)) / total);
  return Math.max(0, (share + squared / (2 * total) - spread) / (1 + squared / total));
}
