import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { HubOptions } from "@wsight/hub";
import type { ProbeOptions } from "@wsight/probe";
import { asFields, expected, WsightError } from "@wsight/protocol";
import { type Environment, readEnvironment } from "./environment.ts";
import type { MonitorOptions } from "./monitor-options.ts";
import { SETTING_NAMES, SETTINGS } from "./settings.ts";
import { unknownName } from "./targets.ts";

/** Options that only code can give: functions and structures. */
const CODE_OPTIONS = [
  "getUser",
  "getChannel",
  "getEvent",
  "redact",
  "caps",
  "jobs",
  "jwt",
  "authenticate",
  "onError",
] as const;
/** Names within `caps`; their values are checked by who uses them. */
const CAPS: readonly string[] = ["events", "types", "connections", "topRows"];
const DEFAULT_DATA = ".wsight";

/** Where the hub is that gets to hear what is measured. */
type HubPlace =
  | { readonly type: "none" }
  /** On this machine, here or in another process; `token` is for one of another user. */
  | { readonly type: "machine"; readonly token: string | null }
  | { readonly type: "remote"; readonly url: string; readonly token: string };

/** Options of `monitor`, checked, with the environment's beneath them, sorted by who needs them. */
export interface ResolvedOptions {
  readonly probe: ProbeOptions;
  /** All a hub needs but its sign-in code. */
  readonly hub: HubOptions;
  readonly place: HubPlace;
  /** Where the dashboard is on the application's own server: `/`, or a path without a slash at its end; `null` when not said. */
  readonly mount: string | null;
  readonly quiet: boolean;
  readonly authenticate: MonitorOptions["authenticate"];
  readonly onError: NonNullable<MonitorOptions["onError"]>;
}

/**
 * Checks the options of `monitor`.
 * @throws WsightError `BAD_OPTION` saying what was expected and what was got
 */
export function resolveOptions(options: MonitorOptions, environment: Environment): ResolvedOptions {
  checkOptions(options);
  const all: MonitorOptions = { ...readEnvironment(environment), ...withoutUndefined(options) };
  const { data = DEFAULT_DATA, mount, quiet = false, authenticate } = all;
  const onError = safely(all.onError ?? toStderr);
  return {
    probe: { ...pick(all, PROBE_OPTIONS), onError },
    hub: {
      ...pick(all, HUB_OPTIONS),
      dataDir: data === null ? null : resolve(data),
      dashboardDir: fileURLToPath(new URL("./dist/", import.meta.resolve("@wsight/dashboard/package.json"))),
      testEntry: fileURLToPath(import.meta.resolve("@wsight/load/test-process")),
      authenticate: authenticate !== undefined,
    },
    place: placeOf(all),
    mount: mount === undefined ? null : mount.replace(/\/+$/, "") || "/",
    quiet,
    authenticate,
    onError,
  };
}

function placeOf({ hub = true, token }: MonitorOptions): HubPlace {
  if (typeof hub === "boolean") return hub ? { type: "machine", token: token ?? null } : { type: "none" };
  if (token !== undefined) return { type: "remote", url: hub, token };
  throw new WsightError(
    "BAD_OPTION",
    `token: expected a token for the hub at ${hub}, got nothing. Make one where it runs with ` +
      "wsight token --role probe --sub SERVICE --ttl 90d, and pass it as the option token or WSIGHT_TOKEN",
  );
}

const PROBE_OPTIONS = [
  "service",
  "instance",
  "intervalMs",
  "mediumIntervalMs",
  "slowIntervalMs",
  "hostSource",
  "getUser",
  "getChannel",
  "getEvent",
  "redact",
  "hashUsers",
  "caps",
  "capacity",
  "tailFields",
  "slowMs",
  "allowDisconnect",
  "jobs",
] as const;

const HUB_OPTIONS = [
  "intervalMs",
  "mediumIntervalMs",
  "slowIntervalMs",
  "store",
  "port",
  "host",
  "secret",
  "jwt",
  "allowedHosts",
  "allowedOrigins",
  "storeIntervalMs",
  "jobsIntervalMs",
  "retention",
  "retentionMs",
  "storeMaxBytes",
  "otlpUrl",
  "otlpHeaders",
  "otlpIntervalMs",
  "maxViewers",
  "requestsPerMinute",
  "viewersPerAddress",
  "trustProxy",
  "testTargets",
  "publicUrl",
  "notifyHosts",
] as const;

function checkOptions(options: unknown): void {
  const names: readonly string[] = [...SETTING_NAMES, ...CODE_OPTIONS];
  const fields = asFields("BAD_OPTION", "options", options);
  for (const name of Object.keys(fields)) if (!names.includes(name)) throw unknownName("options", name, names);
  for (const name of SETTING_NAMES) if (fields[name] !== undefined) SETTINGS[name].check(name, fields[name]);
  checkCaps(fields.caps);
  for (const name of ["authenticate", "onError"]) {
    if (fields[name] !== undefined && typeof fields[name] !== "function")
      throw expected("BAD_OPTION", name, "a function", fields[name]);
  }
}

function checkCaps(caps: unknown): void {
  if (caps === undefined) return;
  for (const name of Object.keys(asFields("BAD_OPTION", "caps", caps)))
    if (!CAPS.includes(name)) throw unknownName("caps", name, CAPS);
}

function withoutUndefined(options: MonitorOptions): MonitorOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function pick<K extends keyof MonitorOptions>(options: MonitorOptions, names: readonly K[]): Pick<MonitorOptions, K> {
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as Pick<MonitorOptions, K>;
}

/** The host's own reporter may fail; there is nobody left to tell. */
function safely(onError: ResolvedOptions["onError"]): ResolvedOptions["onError"] {
  return (error, context) => {
    try {
      onError(error, context);
    } catch {}
  };
}

function toStderr(error: unknown, { stage, source }: { readonly stage: string; readonly source: string }): void {
  const where = stage === source ? stage : `${source} (${stage})`;
  process.stderr.write(`wsight: ${where}: ${error instanceof Error ? error.message : String(error)}\n`);
}
