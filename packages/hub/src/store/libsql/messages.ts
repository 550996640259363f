import type { ErrorCode } from "@wsight/protocol";
import type { StoreStats } from "../old-store.ts";
import type { PackedSamples } from "../pack.ts";

/** What happened to the database beside the answers to calls. */
export type StoreEvent =
  /** A damaged database was moved to `movedTo` and an empty one begun. */
  | { readonly type: "set-aside"; readonly movedTo: string; readonly reason: string }
  /** The database can't be opened now; each further call tries again. */
  | { readonly type: "unavailable"; readonly reason: string }
  /** The store's process ended unasked and is started again after `delayMs`. */
  | { readonly type: "restarting"; readonly delayMs: number; readonly reason: string };

/** How the database is opened. */
export interface DatabaseOptions {
  readonly dataDir: string;
  readonly file: string;
  /** The file grows to at most this many bytes; `null` for as much as the disk holds. */
  readonly maxBytes: number | null;
}

/** The last row of a page, after which the next one begins. */
export interface Cursor {
  readonly at: number;
  readonly seriesId: number;
}

export interface ReadPage {
  readonly metrics: readonly string[];
  readonly node: string | null;
  readonly toAt: number;
  readonly after: Cursor;
  readonly limit: number;
}

/** What the store's process can be asked: argument and answer of each call. */
export interface StoreCalls {
  open: { readonly argument: null; readonly answer: null };
  append: { readonly argument: PackedSamples; readonly answer: null };
  read: {
    readonly argument: ReadPage;
    readonly answer: { readonly samples: PackedSamples; readonly next: Cursor | null };
  };
  prune: { readonly argument: { readonly beforeAt: number; readonly limit: number }; readonly answer: number };
  stats: { readonly argument: null; readonly answer: Omit<StoreStats, "setAside"> };
  close: { readonly argument: null; readonly answer: null };
}
export type StoreCall = keyof StoreCalls;

/** A call on its way to the process. */
export type ToStoreProcess = {
  readonly [Call in StoreCall]: {
    readonly id: number;
    readonly call: Call;
    readonly argument: StoreCalls[Call]["argument"];
  };
}[StoreCall];

/** What the process sends back. */
export type FromStoreProcess =
  | { readonly type: "answer"; readonly id: number; readonly answer: StoreCalls[StoreCall]["answer"] }
  | { readonly type: "refused"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: "event"; readonly event: StoreEvent };
