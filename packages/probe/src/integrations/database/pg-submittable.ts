import { behind, cover, uncover } from "../../shadow.ts";
import type { Ended } from "../observed.ts";
import type { PgMethod } from "./pg-like.ts";

/** What a client calls on a query, cursor or stream that was handed to it. */
const CALLS = ["handleError", "handleReadyForQuery", "handlePortalSuspended"] as const;
type Call = (typeof CALLS)[number];

/** Something that submits itself: a `Query`, a cursor, a stream. */
export type Submittable = object & { readonly submit: PgMethod };

/** True for what `query` hands back as it is. */
export function isSubmittable(config: unknown): config is Submittable {
  return typeof config === "object" && config !== null && typeof (config as Partial<Submittable>).submit === "function";
}

/**
 * Hears how something that submits itself fares, from what the client calls on
 * it; listeners would change what becomes of its errors. A cursor or stream has
 * ended, for its time, with its first batch: what follows goes at the
 * application's pace. An error after that is told to `failedLater`.
 */
export function watchSubmittable(query: Submittable, ended: Ended, failedLater: (error: unknown) => void): void {
  const undo = new Map<Call, () => void>();
  let hasEnded = false;
  const hear = (call: Call, told: unknown): void => {
    if (call === "handlePortalSuspended") {
      undo.get(call)?.();
    } else {
      for (const end of undo.values()) end();
    }
    const error = call === "handleError" ? told : null;
    if (!hasEnded) ended(error);
    else if (error !== null) failedLater(error);
    hasEnded = true;
  };
  for (const call of CALLS) {
    if (!(call in query)) continue;
    const before = Object.getOwnPropertyDescriptor(query, call);
    const heard = function heard(this: unknown, ...args: unknown[]): unknown {
      const original = behind(query, call, before);
      hear(call, args[0]);
      return Reflect.apply(original, this, args);
    };
    if (cover(query, call, heard)) undo.set(call, () => uncover(query, call, heard, before));
  }
}
