import type { HistoryEvent, TierStep } from "@wsight/protocol";
import type { Analyses, Analysis } from "../analysis/analyses.ts";
import type { PackedSamples } from "./pack.ts";
import type { TierExtent } from "./reader.ts";
import type { Sample } from "./sample.ts";

/** What to read: samples of one tier whose interval starts in `[fromAt, toAt)`. */
export interface StoreQuery {
  /** @default all */
  readonly metrics?: readonly string[];
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: TierStep;
  /** Only this node. */
  readonly node?: string;
}

/** How much one tier holds. */
export interface TierStats extends TierExtent {
  readonly samples: number;
  /** Compressed, without the database's own overhead. */
  readonly bytes: number;
}

/** How a store fares. */
export interface StoreStats {
  /** Samples it holds, all tiers together. */
  readonly samples: number;
  /** Events it holds. */
  readonly events: number;
  /** Bytes on disk, `null` when it can't say. */
  readonly bytes: number | null;
  /** Start of the oldest interval held, ms epoch; `null` while empty. */
  readonly oldestAt: number | null;
  readonly tiers: readonly TierStats[];
  /** What the size cap made it delete before its time: the tier and the new start of what is left, newest last. */
  readonly capped: readonly { readonly stepMs: TierStep; readonly keptFromAt: number }[];
  /** Names of damaged files that were moved aside since the store was opened, oldest first. */
  readonly setAside: readonly string[];
}

/**
 * Where history is kept. Every store runs the same contract
 * (`@wsight/testkit`). Nothing here is called on the push path: a caller that
 * cannot wait goes through {@link createStoreWriter}.
 */
export interface Store {
  /** For people: `libsql`. */
  readonly name: string;
  /**
   * Keeps samples. Resolves once they survive a crash of the process. The same
   * (node, series, intervalMs, at) again replaces what was there, so a retry is
   * harmless; coarser tiers follow. All of them or none. Rejects with
   * `BAD_REQUEST` for samples that can't be kept (see {@link Sample}), with
   * `STORE_UNAVAILABLE` when a retry may help.
   */
  append(samples: readonly Sample[]): Promise<void>;
  /** The same for samples in columns. */
  appendPacked(samples: PackedSamples): Promise<void>;
  /** Keeps events, as `append` does. An event that is there already (all fields equal) is kept once. */
  appendEvents(events: readonly HistoryEvent[]): Promise<void>;
  /**
   * Pages of samples, series by series, each in order of `at`. `signal` gives
   * up early with its reason, an `AbortError` unless the caller chose another.
   */
  read(query: StoreQuery, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly Sample[]>;
  /** Has an analysis done where the data is; `signal` stops it there, too. */
  ask<A extends Analysis>(
    analysis: A,
    argument: Analyses[A]["argument"],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Analyses[A]["answer"]>;
  /** Deletes what is older at `now` than its tier is kept, and events older than the longest-kept tier but the last, in small slices. */
  prune(now: number): Promise<void>;
  stats(): Promise<StoreStats>;
  /** A whole copy at `path` while writing goes on. Rejects with `BAD_REQUEST` where the store has no files of its own, saying what to use. */
  backup(path: string): Promise<void>;
  /** Finishes what was accepted and closes; safe to call twice. */
  close(): Promise<void>;
}
