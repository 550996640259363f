import { describe, TIER_MS, WsightError } from "@wsight/protocol";
import type { OnError } from "./guard.ts";
import { type JobOptions, type ResolvedJobOptions, resolveJobOptions } from "./job-options.ts";
import { isSecretName, type Redact } from "./redact.ts";

/** Bounds of what a probe keeps. A bound that is reached is counted in `wsight.probe.series.dropped` or said in the docs of the option. */
export interface ProbeCaps {
  /** Event names per server and direction; the rest share `_other`. @default 200 */
  readonly events?: number;
  /** Error types, close reasons and the like, each. @default 64 */
  readonly types?: number;
  /** Connections with a state record; further ones are counted but have no detail. @default 1_000_000 */
  readonly connections?: number;
  /** Rows of the users, channels and rooms lists. @default 100 */
  readonly topRows?: number;
}

/** Where figures of the host can come from. */
export const HOST_SOURCES = ["auto", "proc", "systeminformation", "none"] as const;
/** Where figures of the host shall come from; see {@link ProbeOptions.hostSource}. */
export type HostSourceOption = (typeof HOST_SOURCES)[number];

/** How a probe is set up. */
export interface ProbeOptions {
  /** Name of the application; all its instances share it. @default "app" */
  readonly service?: string;
  /** Name of this process among the instances. @default host name and pid */
  readonly instance?: string;
  /** Milliseconds between snapshots, 100 to 60,000. @default 1000 */
  readonly intervalMs?: number;
  /** Milliseconds between two reads of the medium tier: pools, pings, caches. 100 to 600,000. @default 5000 */
  readonly mediumIntervalMs?: number;
  /** Milliseconds between two reads of the slow tier: file systems, handles, server statistics. 100 to 3,600,000. @default 30_000 */
  readonly slowIntervalMs?: number;
  /**
   * Where figures of the host and its processes come from: the kernel's `/proc`, the `systeminformation` package (if
   * it is installed; with Node's own figures of CPU and memory), or nowhere.
   * @default "auto": `/proc` where there is one, else `systeminformation`
   */
  readonly hostSource?: HostSourceOption;
  /**
   * Says whose connection it is: called once per connection with the library's
   * own socket (`ws`: also the upgrade request; Socket.IO: the namespace
   * socket). A throw or a promise counts as nobody. Never leaves the process
   * as a metric label. @default nobody
   */
  readonly getUser?: (socket: unknown, request?: unknown) => string | number | null | undefined;
  /** Says which channel a connection belongs to. @default Socket.IO: the namespace; ws: none */
  readonly getChannel?: (socket: unknown, request?: unknown) => string | null | undefined;
  /**
   * Names the event of a `ws` message, e.g. from a `type` field; the data is
   * what the application's handler gets. Called for every message while set.
   * @default none: messages are told apart as text and binary only
   */
  readonly getEvent?: (data: unknown, isBinary: boolean) => string | null | undefined;
  /** Further redaction of error messages, after the one that is always on. A throw withholds the text. @default none */
  readonly redact?: Redact;
  /** Sends a salted hash in place of user ids. The salt is made anew with each process. @default false */
  readonly hashUsers?: boolean;
  /**
   * Connections this process can take, shown as its capacity. @default on Linux the limit of open files less
   * what else is open; elsewhere unknown
   */
  readonly capacity?: number;
  /** Lets administrators end single connections from the dashboard. @default true */
  readonly allowDisconnect?: boolean;
  /** Handlers, acknowledgements and broadcasts that take longer are listed as slow, ms, 1 to 3,600,000. @default 100 */
  readonly slowMs?: number;
  /**
   * Fields of message payloads that the live tail may show: top-level fields of JSON (or MessagePack) objects, by
   * name, at most 64. Values are redacted and cut at 256 characters; names that mean secrets are refused.
   * @default none: payloads are not looked at
   */
  readonly tailFields?: readonly string[];
  /** How jobs of queues that are attached are told of. */
  readonly jobs?: JobOptions;
  readonly caps?: ProbeCaps;
  /** Hears of failures inside the probe: the first of each source, and the one that switches it off. @default a line on stderr */
  readonly onError?: OnError;
}

/** {@link ProbeOptions} with every default filled in. */
export interface ResolvedProbeOptions {
  readonly service: string;
  readonly instance: string;
  readonly intervalMs: number;
  readonly mediumIntervalMs: number;
  readonly slowIntervalMs: number;
  readonly hostSource: HostSourceOption;
  readonly getUser: ProbeOptions["getUser"];
  readonly getChannel: ProbeOptions["getChannel"];
  readonly getEvent: ProbeOptions["getEvent"];
  readonly redact: Redact | undefined;
  readonly hashUsers: boolean;
  readonly capacity: number | null;
  readonly allowDisconnect: boolean;
  readonly slowMs: number;
  /** `null`: payloads are not looked at. */
  readonly tailFields: ReadonlySet<string> | null;
  readonly jobs: ResolvedJobOptions;
  readonly caps: Required<ProbeCaps>;
  readonly onError: OnError;
}

const NAME = /^[\w.:@-]{1,64}$/;

/** Fills in defaults. @throws WsightError `BAD_OPTION` saying what was expected and what was got */
export function resolveProbeOptions(options: ProbeOptions, defaults: { instance: string }): ResolvedProbeOptions {
  return {
    service: name("service", options.service ?? "app"),
    instance: name("instance", options.instance ?? defaults.instance),
    intervalMs: whole("intervalMs", options.intervalMs ?? 1000, 100, 60_000),
    mediumIntervalMs: whole("mediumIntervalMs", options.mediumIntervalMs ?? TIER_MS.medium, 100, 600_000),
    slowIntervalMs: whole("slowIntervalMs", options.slowIntervalMs ?? TIER_MS.slow, 100, 3_600_000),
    hostSource: oneOf("hostSource", options.hostSource ?? "auto", HOST_SOURCES),
    getUser: callback("getUser", options.getUser),
    getChannel: callback("getChannel", options.getChannel),
    getEvent: callback("getEvent", options.getEvent),
    redact: callback("redact", options.redact),
    hashUsers: options.hashUsers === true,
    capacity: options.capacity === undefined ? null : whole("capacity", options.capacity, 1, 1_000_000_000),
    allowDisconnect: yesOrNo("allowDisconnect", options.allowDisconnect ?? true),
    slowMs: whole("slowMs", options.slowMs ?? 100, 1, 3_600_000),
    tailFields: options.tailFields === undefined ? null : fieldNames("tailFields", options.tailFields),
    jobs: resolveJobOptions(options.jobs ?? {}),
    caps: {
      events: whole("caps.events", options.caps?.events ?? 200, 1, 1000),
      types: whole("caps.types", options.caps?.types ?? 64, 1, 256),
      connections: whole("caps.connections", options.caps?.connections ?? 1_000_000, 1, 16_000_000),
      topRows: whole("caps.topRows", options.caps?.topRows ?? 100, 1, 1000),
    },
    onError: callback("onError", options.onError) ?? toStderr,
  };
}

const toStderr: OnError = (error, { stage, source }) => {
  process.stderr.write(`wsight: ${source} (${stage}): ${error instanceof Error ? error.message : String(error)}\n`);
};

function name(option: string, value: unknown): string {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw bad(option, "1 to 64 letters, digits or . : @ _ -", value);
}

function whole(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw bad(option, `a whole number from ${min} to ${max}`, value);
}

function oneOf<T extends string>(option: string, value: unknown, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw bad(option, `one of ${known.join(", ")}`, value);
  return found;
}

function yesOrNo(option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw bad(option, "true or false", value);
}

function fieldNames(option: string, value: unknown): ReadonlySet<string> | null {
  if (!Array.isArray(value) || value.length > 64) throw bad(option, "an array of at most 64 names", value);
  for (const field of value) {
    if (typeof field !== "string" || field === "" || field.length > 64)
      throw bad(option, "names of 1 to 64 characters", field);
    if (isSecretName(field)) throw bad(option, "names of fields that hold no secret", field);
  }
  return value.length === 0 ? null : new Set(value);
}

function callback<T>(option: string, value: T): T {
  if (value === undefined || typeof value === "function") return value;
  throw bad(option, "a function", value);
}

function bad(option: string, what: string, got: unknown): WsightError {
  return new WsightError("BAD_OPTION", `${option}: expected ${what}, got ${describe(got)}`);
}
