import type { TierStep } from "@wsight/protocol";
import type { TierIndex } from "./block-tables.ts";
import type { OpenHistory, Report } from "./open-history.ts";
import { BLOCK_SPANS_MS, floorTo, STEPS_MS, TIERS } from "./tiers.ts";

/** Once full, so much of the size allowed is made free. */
const FREE_SHARE = 0.05;

/** What has to go. */
export interface CapDrop {
  readonly tier: TierIndex;
  /** ms epoch. */
  readonly beforeAt: number;
}

/**
 * Keeps a store within a size: of the finest tier that has more than its
 * newest block, the oldest blocks go, then those of the next tier. What the
 * running hour takes may be on top of it.
 */
export class SizeCap {
  readonly #maxBytes: number;
  readonly #report: Report;
  #capped: { readonly stepMs: TierStep; readonly keptFromAt: number }[] = [];
  #full = false;

  constructor(maxBytes: number, report: Report) {
    this.#maxBytes = maxBytes;
    this.#report = report;
  }

  /** What went before its time: each tier's new start, newest last. */
  get capped(): readonly { readonly stepMs: TierStep; readonly keptFromAt: number }[] {
    return this.#capped;
  }

  /** What has to go next; `null` when everything fits, or nothing may go. */
  async next(history: OpenHistory): Promise<CapDrop | null> {
    const { usedBytes } = await history.tables.sizes();
    if (usedBytes === null) return null;
    if (usedBytes > this.#maxBytes) this.#full = true;
    else if (usedBytes <= this.#maxBytes * (1 - FREE_SHARE)) this.#full = false;
    if (!this.#full) return null;
    for (const tier of TIERS) {
      const { oldestAt = null, newestAt = null } = history.notes.totals[tier] ?? {};
      if (oldestAt === null || newestAt === null) continue;
      const span = BLOCK_SPANS_MS[tier];
      const beforeAt = floorTo(oldestAt, span) + span;
      if (beforeAt <= floorTo(newestAt, span)) return { tier, beforeAt };
    }
    return null;
  }

  /** Remembers and reports what went. */
  note({ tier, beforeAt: keptFromAt }: CapDrop): void {
    const stepMs = STEPS_MS[tier];
    this.#capped = [...this.#capped.filter((entry) => entry.stepMs !== stepMs), { stepMs, keptFromAt }];
    const from = new Date(keptFromAt).toISOString();
    const reason = `the size allowed to the history is used up: intervals of ${stepMs / 1000} s before ${from} were deleted`;
    this.#report({ type: "capped", stepMs, keptFromAt, reason });
  }
}
