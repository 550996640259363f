import type { SqlPlace } from "../../../sql/place.ts";
import type { BookCursor, BookPart, JobTables, KeptBatch } from "../job-tables.ts";
import type { LedgerQuery } from "../ledger.ts";

/** What happened beside the answers to calls. */
export type LedgerEvent =
  /** A damaged database was moved to `movedTo`, or one was deleted (`null`), and an empty one begun. */
  | { readonly type: "set-aside"; readonly movedTo: string | null; readonly reason: string }
  /** Something failed that no caller waits for. */
  | { readonly type: "trouble"; readonly reason: string }
  /** What failed works again. */
  | { readonly type: "well" };

/** How the process is set up. */
export interface LedgerProcessOptions {
  readonly tables: SqlPlace;
}

/** What the process can be asked: argument and answer of each call. */
export interface LedgerCalls {
  readonly save: { readonly argument: KeptBatch; readonly answer: null };
  readonly load: { readonly argument: BookCursor | null; readonly answer: BookPart };
  readonly ended: { readonly argument: LedgerQuery; readonly answer: Awaited<ReturnType<JobTables["ended"]>> };
  readonly find: { readonly argument: readonly [queue: string, id: string]; readonly answer: string | null };
  readonly close: { readonly argument: null; readonly answer: null };
}
