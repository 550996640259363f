import type { Observation } from "../observation.ts";

/** What an evaluation found of one instance. */
export type Reading =
  | ({ readonly type: "sample" } & Omit<Observation, "labels">)
  /** Nothing, though something was expected. */
  | { readonly type: "missing" }
  /** Nothing, because what it stands for has ended as it should. */
  | { readonly type: "ended" }
  /** The rule can't be evaluated. */
  | { readonly type: "failed" };
