import { ChildLink } from "../../child-link.ts";
import type { StoreEvent } from "../store-event.ts";
import type { ProcessOptions, StoreCalls } from "./messages.ts";
import { OPTIONS_VARIABLE } from "./process-options.ts";

/** Calls that may wait for the process at once; further ones are refused. */
const MAX_IN_FLIGHT = 64;
/** The process's heap: an hour of some thousand series, and what analyses need. */
const HEAP_MB = 1024;
/** What is young there: an append is soon forgotten, and with more of it memory grows for nothing. */
const YOUNG_MB = 4;

/** Calls into the process that holds history. */
export type ProcessLink = ChildLink<StoreCalls, StoreEvent>;

/** Starts the process that holds history. */
export function createProcessLink(options: ProcessOptions, report: (event: StoreEvent) => void): ProcessLink {
  return new ChildLink<StoreCalls, StoreEvent>(
    {
      what: "history",
      name: "the store",
      module: new URL(import.meta.resolve("#store-process")),
      env: {
        // Fewer arenas of the C library: blocks of all sizes come and go, and each arena keeps its holes.
        MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? "2",
        [OPTIONS_VARIABLE]: JSON.stringify(options),
      },
      // Collecting so small a heap with several threads costs more CPU than it saves time.
      execArgv: [`--max-old-space-size=${HEAP_MB}`, `--max-semi-space-size=${YOUNG_MB}`, "--single-threaded-gc"],
      maxInFlight: MAX_IN_FLIGHT,
    },
    report,
  );
}
