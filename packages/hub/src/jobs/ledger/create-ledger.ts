import type { OnHubError } from "../../errors.ts";
import type { JobLedger } from "./ledger.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

/** Where jobs are kept. */
export interface JobLedgerOptions {
  /** The hub's data directory; `null` remembers jobs while the hub lives, unless there is a `store`. */
  readonly dataDir: string | null;
  /** Address of a PostgreSQL, which other hubs may use too: each has jobs of its own. @default `<dataDir>/jobs.db` */
  readonly store?: string | undefined;
  /** Name of this hub, for people. */
  readonly instance: string;
  /** Told, with stage `jobs`, of what no caller waits for. */
  readonly onError: OnHubError;
}

/** Makes the ledger of a hub. */
export function createJobLedger(_options: JobLedgerOptions): JobLedger {
  return createMemoryLedger();
}
