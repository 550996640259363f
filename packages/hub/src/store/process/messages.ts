import type { HistoryEvent } from "@wsight/protocol";
import type { Analyses, Analysis } from "../../analysis/analyses.ts";
import type { FromChild } from "../../child-link.ts";
import type { Page, PageQuery } from "../blocks/read-page.ts";
import type { PackedSeries } from "../pack.ts";
import type { StoreStats } from "../store.ts";
import type { StoreEvent } from "../store-event.ts";

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
