import { asFields, describe, type JobPlan, WsightError } from "@wsight/protocol";

/** A job as `jobs.describe` gets to see it: the library's own. */
export interface DescribedJob {
  readonly id?: string | undefined;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the application's own data, whose type only the application knows
  readonly data: any;
  readonly opts: object;
}

/** What an application says of a job. */
export interface JobDescription {
  /** Whose it is: the `sub` of the owner's token. Left out where users are hashed. */
  readonly userId?: string | number | null | undefined;
  /** Size of what it works on, bytes: estimates go by it. */
  readonly sizeBytes?: number | null | undefined;
  readonly plan?: JobPlan | null | undefined;
  /** What people call it, e.g. a file's name: shown to its owner and to administrators. */
  readonly label?: string | null | undefined;
  /** What kind of job it is. @default the job's name */
  readonly name?: string | null | undefined;
}

/** How jobs of BullMQ are told of. Nothing of their data leaves the process unless it is said here. */
export interface JobOptions {
  /**
   * Says whose a job is, and how large; called once when it is added, and once when a worker elsewhere takes it. A
   * throw or a promise counts as nothing said. @default nothing is read of a job's data
   */
  readonly describe?: (job: DescribedJob) => JobDescription | null | undefined;
  /** Sends what jobs return to their owners, as JSON of at most 4096 characters. @default false */
  readonly results?: boolean;
  /** Lets administrators see the data of single jobs, redacted and cut at 16,384 characters. @default false */
  readonly data?: boolean;
  /** Lets administrators retry, remove and promote single jobs. @default true */
  readonly actions?: boolean;
  /** Asks queues each 30 s how many workers they know of, in all processes: one list of all clients of Redis. @default false */
  readonly workers?: boolean;
  /** Between two looks at a queue's counts, ms, 1000 to 600,000. @default 5000 */
  readonly pollMs?: number;
}

/** {@link JobOptions} with every default filled in. */
export interface ResolvedJobOptions {
  readonly describe: JobOptions["describe"];
  readonly results: boolean;
  readonly data: boolean;
  readonly actions: boolean;
  readonly workers: boolean;
  readonly pollMs: number;
}

const NAMES = ["describe", "results", "data", "actions", "workers", "pollMs"];

/** Fills in defaults. @throws WsightError `BAD_OPTION` */
export function resolveJobOptions(given: JobOptions): ResolvedJobOptions {
  const fields = asFields("BAD_OPTION", "jobs", given);
  for (const name of Object.keys(fields)) if (!NAMES.includes(name)) throw bad("jobs", NAMES.join(", "), name);
  const { describe: ask, pollMs = 5000 } = given;
  if (ask !== undefined && typeof ask !== "function") throw bad("jobs.describe", "a function", ask);
  if (!Number.isInteger(pollMs) || pollMs < 1000 || pollMs > 600_000)
    throw bad("jobs.pollMs", "a whole number from 1000 to 600000", pollMs);
  return {
    describe: ask,
    results: yesOrNo("results", given.results ?? false),
    data: yesOrNo("data", given.data ?? false),
    actions: yesOrNo("actions", given.actions ?? true),
    workers: yesOrNo("workers", given.workers ?? false),
    pollMs,
  };
}

function yesOrNo(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw bad(`jobs.${name}`, "true or false", value);
}

function bad(option: string, what: string, got: unknown): WsightError {
  return new WsightError("BAD_OPTION", `${option}: expected ${what}, got ${describe(got)}`);
}
