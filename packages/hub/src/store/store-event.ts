import type { TierStep } from "@wsight/protocol";

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
