/**
 * Makes times that a node told times of the hub's clock: what is old must look
 * old also where clocks differ. Moves by whole seconds, so that a time does not
 * change with the way of every frame.
 * @param aheadMs how far the node's clock is ahead; `null` when not known
 */
export function toHubClock(aheadMs: number | null): <T extends number | null>(at: T) => T {
  const shift = Math.round((aheadMs ?? 0) / 1000) * 1000;
  return (at) => (at === null ? at : (Math.max(0, at - shift) as typeof at));
}
