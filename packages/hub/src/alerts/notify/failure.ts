import { GuardError } from "./address/address-guard.ts";
import type { Delivery } from "./notifier.ts";
import { SettingsError } from "./settings.ts";

/**
 * Faults of settings are for good, those that Node finds among them (an address that is none, a header with letters
 * that no header may have); what befalls a connection may pass.
 */
export function failure(error: unknown): Delivery {
  if (error instanceof GuardError || error instanceof SettingsError || error instanceof TypeError)
    return { result: "dead", error: error.message };
  return { result: "again", error: wordsOf(error), afterMs: null };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError" || error.name === "AbortError") return "no answer in time";
  // All addresses of a name failed; each says why.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(wordsOf).join(", ");
  return error.message;
}
