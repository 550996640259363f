import { type HealthTurn, stripOf } from "@wsight/hub";
import { HEALTH_SLOT_MS } from "@wsight/protocol";
import { describe, expect, it } from "vitest";

const SLOT = HEALTH_SLOT_MS;
const FROM = Math.floor(1_790_000_000_000 / SLOT) * SLOT;
const turn = (slots: number, state: HealthTurn["state"], reason = ""): HealthTurn => ({
  at: FROM + slots * SLOT,
  state,
  reason,
});
const always = (): boolean => true;

describe("the strip of health", () => {
  it("tells the worst of each slot and how long it lasted", () => {
    const turns = [
      turn(-3, "healthy"),
      turn(0.2, "degraded", "slow"),
      turn(0.5, "unhealthy", "down"),
      turn(1.5, "degraded", "slow again"),
      turn(1.75, "healthy"),
    ];
    expect(stripOf(turns, FROM, FROM + 3 * SLOT, always).slots).toEqual([
      { at: FROM, state: "unhealthy", degradedMs: 0.3 * SLOT, unhealthyMs: 0.5 * SLOT, reason: "down" },
      { at: FROM + SLOT, state: "unhealthy", degradedMs: 0.25 * SLOT, unhealthyMs: 0.5 * SLOT, reason: "down" },
      { at: FROM + 2 * SLOT, state: "healthy", degradedMs: 0, unhealthyMs: 0, reason: "" },
    ]);
  });

  it("leaves out what nobody knows: before the first turn, and where nothing was measured", () => {
    const strip = stripOf([turn(1.5, "degraded", "slow")], FROM, FROM + 4 * SLOT, (at) => at !== FROM + 2 * SLOT);
    expect(strip.slots.map(({ at, state, degradedMs }) => [(at - FROM) / SLOT, state, degradedMs / SLOT])).toEqual([
      [1, "degraded", 0.5],
      [3, "degraded", 1],
    ]);
  });

  it("begins at a whole slot and ends now", () => {
    const strip = stripOf([turn(-1, "degraded", "slow")], FROM + 1000, FROM + SLOT / 2, always);
    expect(strip).toMatchObject({ fromAt: FROM, toAt: FROM + SLOT / 2, slotMs: SLOT });
    expect(strip.slots).toMatchObject([{ at: FROM, degradedMs: SLOT / 2 }]);
  });
});
