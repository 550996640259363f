import {
  HEALTH_SLOT_MS,
  HEALTH_STATES,
  type HealthSlot,
  type HealthState,
  type HealthStrip,
  type HistoryEvent,
} from "@wsight/protocol";
import { isWorse } from "./latch.ts";

/** A state and from when on it held. */
export interface HealthTurn {
  /** ms epoch. */
  readonly at: number;
  readonly state: HealthState;
  readonly reason: string;
}

/** Reads a turn out of history; `null` for what is none. */
export function turnOf({ at, kind, subject, text }: HistoryEvent): HealthTurn | null {
  const state = HEALTH_STATES.find((one) => one === subject);
  return kind === "health.changed" && state !== undefined ? { at, state, reason: text } : null;
}

/** Words of a turn for history. */
export function eventOf({ at, state, reason }: HealthTurn): HistoryEvent {
  return { at, kind: "health.changed", node: null, subject: state, text: reason.slice(0, 250), attributes: {} };
}

/**
 * Turns as a strip of slots: the worst state of each, and how long it was bad.
 * @param turns oldest first; one before `fromAt` says how it began
 * @param measured true for slots in which anything was measured: in the others nothing is known
 */
export function stripOf(
  turns: readonly HealthTurn[],
  fromAt: number,
  toAt: number,
  measured: (slotAt: number) => boolean,
): HealthStrip {
  const from = Math.floor(fromAt / HEALTH_SLOT_MS) * HEALTH_SLOT_MS;
  const slots: HealthSlot[] = [];
  let next = 0;
  let now: HealthTurn | null = null;
  for (let at = from; at < toAt; at += HEALTH_SLOT_MS) {
    const end = Math.min(at + HEALTH_SLOT_MS, toAt);
    const slot = new SlotSum(at);
    let since = at;
    for (; next < turns.length && (turns[next] as HealthTurn).at < end; next++) {
      const turn = turns[next] as HealthTurn;
      slot.add(now, Math.max(since, turn.at) - since);
      since = Math.max(since, turn.at);
      now = turn;
    }
    slot.add(now, end - since);
    if (now !== null && measured(at)) slots.push(slot.finish());
  }
  return { fromAt: from, toAt, slotMs: HEALTH_SLOT_MS, slots };
}

class SlotSum {
  readonly #at: number;
  #state: HealthState | null = null;
  #reason = "";
  #degradedMs = 0;
  #unhealthyMs = 0;

  constructor(at: number) {
    this.#at = at;
  }

  add(turn: HealthTurn | null, ms: number): void {
    if (turn === null || ms <= 0) return;
    if (turn.state === "degraded") this.#degradedMs += ms;
    if (turn.state === "unhealthy") this.#unhealthyMs += ms;
    if (this.#state !== null && !isWorse(turn.state, this.#state)) return;
    this.#state = turn.state;
    this.#reason = turn.reason;
  }

  finish(): HealthSlot {
    return {
      at: this.#at,
      state: this.#state ?? "unknown",
      degradedMs: this.#degradedMs,
      unhealthyMs: this.#unhealthyMs,
      reason: this.#state === "healthy" ? "" : this.#reason,
    };
  }
}
