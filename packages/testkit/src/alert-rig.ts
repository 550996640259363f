import type { AlertTables } from "@wsight/hub";
import type { HandClock } from "./hand-clock.ts";

/** What the parts of the contract work with. */
export interface AlertRig {
  readonly tables: AlertTables;
  readonly clock: HandClock;
  /** Closes the tables and opens them again. */
  reopen(): Promise<void>;
  /** The same tables opened by somebody else. */
  another(): Promise<AlertTables>;
}
