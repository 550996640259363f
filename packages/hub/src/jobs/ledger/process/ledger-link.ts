import { ChildLink, type ChildRestart } from "../../../child-link.ts";
import { OPTIONS_VARIABLE } from "./ledger-options.ts";
import type { LedgerCalls, LedgerEvent, LedgerProcessOptions } from "./messages.ts";

/** Calls that may wait for the process at once; further ones are refused. */
const MAX_IN_FLIGHT = 64;
const HEAP_MB = 256;

/** Calls into the process that keeps jobs. */
export type LedgerLink = ChildLink<LedgerCalls, LedgerEvent>;

/** Starts that process. */
export function createLedgerLink(
  options: LedgerProcessOptions,
  report: (event: LedgerEvent | ChildRestart) => void,
): LedgerLink {
  return new ChildLink<LedgerCalls, LedgerEvent>(
    {
      what: "jobs",
      name: "the job ledger",
      module: new URL(import.meta.resolve("#ledger-process")),
      env: { [OPTIONS_VARIABLE]: JSON.stringify(options) },
      execArgv: [`--max-old-space-size=${HEAP_MB}`, "--single-threaded-gc"],
      maxInFlight: MAX_IN_FLIGHT,
    },
    report,
  );
}
