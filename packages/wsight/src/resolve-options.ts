import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { HubOptions } from "@wsight/hub";
import type { ProbeOptions } from "@wsight/probe";
import { asFields, expected } from "@wsight/protocol";
import { type Environment, readEnvironment } from "./environment.ts";
import type { MonitorOptions } from "./monitor-options.ts";
import { SETTING_NAMES, SETTINGS } from "./settings.ts";
import { unknownName } from "./targets.ts";

/** Options that only code can give: functions and structures. */
const CODE_OPTIONS = ["getUser", "getChannel", "getEvent", "redact", "caps", "jwt", "authenticate", "onError"] as const;
const DEFAULT_DATA = ".wsight";

/** Options of `monitor`, checked, with the environment's beneath them, sorted by who needs them. */
export interface ResolvedOptions {
  readonly probe: ProbeOptions;
  /** All a hub needs but its sign-in code. */
  readonly hub: HubOptions;
  readonly startHub: boolean;
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
  const { data = DEFAULT_DATA, hub = true, quiet = false, authenticate } = all;
  const onError = safely(all.onError ?? toStderr);
  return {
    probe: { ...pick(all, PROBE_OPTIONS), onError },
    hub: {
      ...pick(all, HUB_OPTIONS),
      dataDir: data === null ? null : resolve(data),
      dashboardDir: fileURLToPath(new URL("./dist/", import.meta.resolve("@wsight/dashboard/package.json"))),
      authenticate: authenticate !== undefined,
    },
    startHub: hub,
    quiet,
    authenticate,
    onError,
  };
}

const PROBE_OPTIONS = [
  "service",
  "instance",
  "intervalMs",
  "getUser",
  "getChannel",
  "getEvent",
  "redact",
  "hashUsers",
  "caps",
] as const;

const HUB_OPTIONS = [
  "port",
  "host",
  "secret",
  "jwt",
  "allowedHosts",
  "allowedOrigins",
  "storeIntervalMs",
  "retentionMs",
  "maxViewers",
  "requestsPerMinute",
  "viewersPerAddress",
] as const;

function checkOptions(options: unknown): void {
  const names: readonly string[] = [...SETTING_NAMES, ...CODE_OPTIONS];
  const fields = asFields("BAD_OPTION", "options", options);
  for (const name of Object.keys(fields)) if (!names.includes(name)) throw unknownName("options", name, names);
  for (const name of SETTING_NAMES) if (fields[name] !== undefined) SETTINGS[name].check(name, fields[name]);
  for (const name of ["authenticate", "onError"]) {
    if (fields[name] !== undefined && typeof fields[name] !== "function")
      throw expected("BAD_OPTION", name, "a function", fields[name]);
  }
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
