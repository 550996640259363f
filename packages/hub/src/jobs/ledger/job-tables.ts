import type { KeptNode } from "../estimate/estimator.ts";
import type { KeptJob } from "./kept-job.ts";
import type { LedgerQuery } from "./ledger.ts";

/** What is kept in one transaction. */
export interface KeptBatch {
  readonly jobs: readonly KeptJob[];
  readonly nodes: readonly KeptNode[];
}

/** Part of what there is, with jobs as JSON, and what to ask for the next part with. */
export interface BookPart {
  /** Live ones first, then of those that ended the newest. */
  readonly jobs: readonly string[];
  readonly nodes: readonly KeptNode[];
  /** `null`: this was the last. */
  readonly next: BookCursor | null;
}

/** From where a part goes on: after a live job, or after a node. */
export type BookCursor =
  | { readonly table: "live"; readonly queue: string; readonly id: string }
  | { readonly table: "nodes"; readonly key: string };

/** Jobs of one hub and what was learned from them, in one database. Runs in the ledger's process. */
export interface JobTables {
  save(batch: KeptBatch): Promise<void>;
  /** @param after `null`: from the beginning */
  load(after: BookCursor | null): Promise<BookPart>;
  ended(query: LedgerQuery): Promise<{ readonly matched: number; readonly jobs: readonly string[] }>;
  /** The newest life of a job; `null` for none. */
  find(queue: string, id: string): Promise<string | null>;
  /** Says that this hub lives. */
  beat(now: number): Promise<void>;
  /** Deletes jobs that ended more than 30 days ago, more than 1,000,000 of them, and what hubs left that are gone. */
  prune(now: number): Promise<void>;
  close(): Promise<void>;
}
