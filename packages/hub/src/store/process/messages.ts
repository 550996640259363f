import type { HistoryEvent, TierStep } from "@wsight/protocol";
import type { Analyses, Analysis } from "../../analysis/analyses.ts";
import type { FromChild } from "../../child-link.ts";
import type { Page, PageQuery } from "../blocks/read-page.ts";
import type { PackedSeries } from "../pack.ts";
import type { StoreStats } from "../store.ts";

/** What happened to the database beside the answers to calls. */
export type StoreEvent =
  /** The database was reached: what it is, for people. */
  | { readonly type: "opened"; readonly engine: string }
  /** A damaged database was moved to `movedTo` and an empty one begun. */
  | { readonly type: "set-aside"; readonly movedTo: string; readonly reason: string }
  /** A part of the database can't be read and is left out; the rest is served. */
  | { readonly type: "damaged"; readonly what: string; readonly reason: string }
  /** The size allowed was used up: a tier was deleted before its time up to `keptFromAt`, ms epoch. */
  | {
      readonly type: "capped";
      readonly stepMs: TierStep;
      readonly keptFromAt: number;
      readonly reason: string;
    }
  /** The database can't be opened or written now; each further call tries again. */
  | { readonly type: "unavailable"; readonly reason: string }
  /** The store's process ended unasked and is started again after `delayMs`. */
  | { readonly type: "restarting"; readonly delayMs: number; readonly reason: string };

/** Which database the process works on. */
export type TablesOptions =
  | { readonly engine: "libsql"; readonly dataDir: string; readonly file: string }
  | {
      readonly engine: "postgres";
      readonly url: string;
      /** Name of the writer that this hub was before. */
      readonly writer: string;
      /** Longest waits for a connection and for an answer, ms; `null` for the usual ones. */
      readonly connectMs: number | null;
      readonly answerMs: number | null;
    };

/** How the store's process is set up. */
export interface ProcessOptions {
  readonly tables: TablesOptions;
  /** How long each tier is kept, ms. */
  readonly keepMs: readonly number[];
  /** Size the database is kept within, bytes; `null` for no limit. */
  readonly maxBytes: number | null;
}

/** Rows, and the series they name by their place in a list; each series by the number that the caller gave it. */
export interface AppendRows {
  /** Series that were not named before, and their numbers. */
  readonly names: readonly (readonly [number: number, series: PackedSeries])[];
  /** Numbers of the series of these rows. */
  readonly series: Uint32Array;
  /** See `encodeRows`. */
  readonly rows: Uint8Array;
}

/** An analysis with its argument. */
export type Asked = {
  readonly [A in Analysis]: { readonly analysis: A; readonly argument: Analyses[A]["argument"] };
}[Analysis];

/** What the store's process can be asked: argument and answer of each call. */
export interface StoreCalls {
  open: { readonly argument: null; readonly answer: null };
  append: { readonly argument: AppendRows; readonly answer: null };
  appendEvents: { readonly argument: readonly HistoryEvent[]; readonly answer: null };
  page: { readonly argument: PageQuery; readonly answer: Page };
  ask: { readonly argument: Asked; readonly answer: Analyses[Analysis]["answer"] };
  prune: { readonly argument: number; readonly answer: null };
  stats: { readonly argument: null; readonly answer: Omit<StoreStats, "setAside"> };
  backup: { readonly argument: string; readonly answer: null };
  close: { readonly argument: null; readonly answer: null };
}
type StoreCall = keyof StoreCalls;

/** A call on its way to the process, or the wish to end one. */
export type ToStoreProcess =
  | { readonly cancel: number }
  | {
      readonly [Call in StoreCall]: {
        readonly id: number;
        readonly call: Call;
        readonly argument: StoreCalls[Call]["argument"];
      };
    }[StoreCall];

/** What the process sends back. */
export type FromStoreProcess = FromChild<StoreCalls[StoreCall]["answer"], StoreEvent>;
