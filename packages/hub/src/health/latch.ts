import type { HealthState } from "@wsight/protocol";

const WORSE: Readonly<Record<HealthState, number>> = { healthy: 0, unknown: 1, degraded: 2, unhealthy: 3 };

/** True when `a` is worse than `b`: unhealthy, degraded, unknown, healthy. */
export function isWorse(a: HealthState, b: HealthState): boolean {
  return WORSE[a] > WORSE[b];
}

/**
 * A state that gets worse at once and better only after a while: what stands
 * at a limit does not flicker. While it is held, the words of the worst stay.
 */
export class Latch<T extends { readonly state: HealthState }> {
  readonly #holdMs: number;
  #held: T | null = null;
  #worstAt = 0;
  #since = 0;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** Takes what is seen at `at` (ms epoch); what is told, and since when. */
  take(seen: T, at: number): T & { readonly since: number } {
    const held = this.#held;
    const stays = held !== null && seen.state === held.state;
    if (held === null || stays || isWorse(seen.state, held.state) || this.#mayLeave(held, at)) {
      if (!stays) this.#since = at;
      this.#held = seen;
      this.#worstAt = at;
      return { ...seen, since: this.#since };
    }
    return { ...held, since: this.#since };
  }

  /** A clock that was put back must not hold for ever; nothing is held that was not known. */
  #mayLeave(held: T, at: number): boolean {
    return held.state === "unknown" || at - this.#worstAt >= this.#holdMs || at < this.#worstAt;
  }
}
