import { HEALTH_SLOT_MS, type HealthSlot, type HealthState, type HealthStrip } from "@wsight/protocol";

/** One bar of the strip: the worst of a few slots. */
export interface HealthBar {
  readonly fromAt: number;
  readonly toAt: number;
  readonly state: HealthState;
  readonly degradedMs: number;
  readonly unhealthyMs: number;
  readonly reason: string;
}

const RANK: Readonly<Record<HealthState, number>> = { unknown: 0, healthy: 1, degraded: 2, unhealthy: 3 };

/** The strip as so many bars of equal length, oldest first; what nobody knows of is unknown. */
export function barsOf(
  strip: Pick<HealthStrip, "slots">,
  fromAt: number,
  toAt: number,
  count: number,
): readonly HealthBar[] {
  const lengthMs = (toAt - fromAt) / count;
  return Array.from({ length: count }, (_, index) => {
    const start = fromAt + index * lengthMs;
    // A slot belongs to every bar that it reaches into: none is lost between two.
    const within = strip.slots.filter(({ at }) => at < start + lengthMs && at + HEALTH_SLOT_MS > start);
    return { fromAt: start, toAt: start + lengthMs, ...worstOf(within) };
  });
}

/** The worst of several slots, and how long they were not well; unknown of none. */
export function worstOf(
  slots: readonly HealthSlot[],
): Pick<HealthBar, "state" | "degradedMs" | "unhealthyMs" | "reason"> {
  let worst: Pick<HealthSlot, "state" | "reason"> = { state: "unknown", reason: "" };
  for (const slot of slots) if (RANK[slot.state] > RANK[worst.state]) worst = slot;
  return {
    state: worst.state,
    reason: worst.reason,
    degradedMs: slots.reduce((sum, slot) => sum + slot.degradedMs, 0),
    unhealthyMs: slots.reduce((sum, slot) => sum + slot.unhealthyMs, 0),
  };
}

/** Share of the known time that was healthy; `null` when nothing is known. */
export function healthyShare(slots: readonly HealthSlot[]): number | null {
  const known = slots.filter(({ state }) => state !== "unknown");
  if (known.length === 0) return null;
  const lost = known.reduce((sum, { degradedMs, unhealthyMs }) => sum + degradedMs + unhealthyMs, 0);
  return Math.max(0, 1 - lost / (known.length * HEALTH_SLOT_MS));
}

/** The next bar that is not well in a direction; `null` for none. */
export function nextTrouble(bars: readonly HealthBar[], from: number, way: 1 | -1): number | null {
  for (let index = from + way; index >= 0 && index < bars.length; index += way)
    if (RANK[bars[index]?.state ?? "unknown"] > RANK.healthy) return index;
  return null;
}
