import { ChildLink } from "../../../child-link.ts";
import { OPTIONS_VARIABLE } from "./desk-options.ts";
import type { DeskCalls, DeskEvent, DeskProcessOptions } from "./messages.ts";

/** Calls that may wait for the process at once; further ones are refused. */
const MAX_IN_FLIGHT = 64;
const HEAP_MB = 256;

/** Calls into the process that keeps alerts and sends notices. */
export type DeskLink = ChildLink<DeskCalls, DeskEvent>;

/** Starts that process. */
export function createDeskLink(
  options: DeskProcessOptions,
  report: ConstructorParameters<typeof ChildLink<DeskCalls, DeskEvent>>[1],
): DeskLink {
  return new ChildLink<DeskCalls, DeskEvent>(
    {
      what: "alerts",
      name: "the alert desk",
      module: new URL(import.meta.resolve("#desk-process")),
      env: { [OPTIONS_VARIABLE]: JSON.stringify(options) },
      execArgv: [`--max-old-space-size=${HEAP_MB}`, "--single-threaded-gc"],
      maxInFlight: MAX_IN_FLIGHT,
    },
    report,
  );
}
