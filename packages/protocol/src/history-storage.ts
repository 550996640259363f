import type { TierName, TierStep } from "./history.ts";

/** What one tier of history holds. */
export interface HistoryTierStorage {
  readonly name: TierName;
  readonly stepMs: TierStep;
  /** How long it is kept, ms. */
  readonly keepMs: number;
  readonly samples: number;
  /** Compressed, without the database's own overhead. */
  readonly bytes: number;
  /** Start of its oldest interval, ms epoch; `null` while empty. */
  readonly oldestAt: number | null;
  /** Start of its newest one. */
  readonly newestAt: number | null;
  /** Where it begins because the size cap made it shorter, ms epoch; `null` when it did not. */
  readonly cappedFromAt: number | null;
}

/** What history takes, and how far it reaches back. */
export interface HistoryStorage {
  /** All tiers together. */
  readonly samples: number;
  readonly events: number;
  /** On disk; `null` when the store can't say. */
  readonly bytes: number | null;
  /** The size cap, bytes; `null` for none. */
  readonly maxBytes: number | null;
  /** Finest first. */
  readonly tiers: readonly HistoryTierStorage[];
  /** Names of damaged files that were moved aside since the store was opened, oldest first. */
  readonly setAside: readonly string[];
}
