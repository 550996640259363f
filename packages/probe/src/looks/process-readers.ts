import type { LoadSystemInformation } from "../collectors/host/system-information.ts";
import type { Allowance } from "./pacer.ts";
import { portableProcesses } from "./portable-processes.ts";
import { procProcesses } from "./proc-processes.ts";
import type { ProcessReader } from "./process-list.ts";

/** What readers of processes work with. */
export interface ProcessReaderContext {
  readonly allowance: Allowance;
  /** Wall clock, ms epoch. */
  readonly now: () => number;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
  readonly load: LoadSystemInformation;
}

/** How processes are listed, by where the host's figures come from. */
export const PROCESS_READERS: {
  readonly [S in "proc" | "systeminformation"]: (context: ProcessReaderContext) => ProcessReader;
} = {
  proc: procProcesses,
  systeminformation: ({ load, now }) => portableProcesses(load, now),
};
