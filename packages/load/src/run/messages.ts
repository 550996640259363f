import type { LoadPlan, LoadProgress } from "@wsight/protocol";

/** What a process of a run is told, in this order; `stop` at any time. */
export type RunOrder =
  | {
      readonly type: "plan";
      readonly plan: LoadPlan;
      /** Address that the plan's host has. */
      readonly address: string;
      /** Connections `index`, `index + count`, … are this process's. */
      readonly index: number;
      readonly count: number;
    }
  | {
      readonly type: "go";
      /** When it begins, on the machine's clock. */
      readonly at: number;
    }
  | { readonly type: "stop" };

/** What a process of a run tells. */
export type RunReport =
  | { readonly type: "ready" }
  | RunSlice
  | {
      readonly type: "done";
      /** Share of one core while it ran. */
      readonly cpu: number;
    };

/** A quarter of a second of one process. */
export interface RunSlice {
  readonly type: "slice";
  readonly index: number;
  readonly phase: LoadProgress["phase"];
  /** ms since the start. */
  readonly at: number;
  readonly connected: number;
  /** A written {@link Tally}. */
  readonly tally: Uint8Array;
}

/** Length of a slice, ms. */
export const SLICE_MS = 250;
