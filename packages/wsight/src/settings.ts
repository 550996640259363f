import { isIP, isIPv6 } from "node:net";
import { parseOtlpHeaders, parseOtlpUrl } from "@wsight/hub/otlp-options";
import { HOST_SOURCES, type HostSourceOption } from "@wsight/probe";
import {
  asInteger,
  asList,
  asOneOf,
  asText,
  expected,
  parseRetention,
  type Retention,
  WsightError,
} from "@wsight/protocol";
import type { MonitorOptions } from "./monitor-options.ts";

/** Options that can also be given as text: in the environment, or as a flag. */
export type SettingName =
  | "service"
  | "instance"
  | "intervalMs"
  | "mediumIntervalMs"
  | "slowIntervalMs"
  | "hostSource"
  | "store"
  | "hashUsers"
  | "port"
  | "host"
  | "data"
  | "secret"
  | "hub"
  | "token"
  | "mount"
  | "capacity"
  | "tailFields"
  | "slowMs"
  | "allowDisconnect"
  | "quiet"
  | "allowedHosts"
  | "allowedOrigins"
  | "storeIntervalMs"
  | "jobsIntervalMs"
  | "retention"
  | "retentionMs"
  | "storeMaxBytes"
  | "otlpUrl"
  | "otlpHeaders"
  | "otlpIntervalMs"
  | "maxViewers"
  | "requestsPerMinute"
  | "viewersPerAddress"
  | "trustProxy"
  | "testTargets"
  | "publicUrl"
  | "notifyHosts";

/** How one option is read. */
export interface Setting<T> {
  /** Turns text into the value it means; text that means none is left for `check` to refuse. */
  readonly fromText: (text: string) => unknown;
  /** @throws WsightError `BAD_OPTION`; `where` is how its user calls it */
  readonly check: (where: string, value: unknown) => T;
}

const CODE = "BAD_OPTION";
const DAY_MS = 86_400_000;

function whole(min: number, max: number): Setting<number> {
  return {
    fromText: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
    check: (where, value) => {
      if (typeof value === "number" && Number.isInteger(value)) return asInteger(CODE, where, value, min, max);
      throw expected(CODE, where, `a whole number from ${min} to ${max}`, value);
    },
  };
}

function text(max: number): Setting<string> {
  return {
    fromText: (value) => value,
    check: (where, value) => {
      if (value === "") throw expected(CODE, where, "some text", value);
      return asText(CODE, where, value, max);
    },
  };
}

function texts(max: number): Setting<readonly string[]> {
  return {
    fromText: (list) => list.split(",").map((item) => item.trim()),
    check: (where, value) => asList(CODE, where, value, max).map((item) => asText(CODE, where, item)),
  };
}

/** What may stand in a `Host` header: a name or an address, with or without a port. */
const HOST_NAME = /^(\[[\da-f:.]+\]|[^:/?#@*\s[\]]+)(:\d{1,5})?$/i;

const hostNames: Setting<readonly string[]> = {
  fromText: texts(64).fromText,
  check: (where, value) =>
    texts(64)
      .check(where, value)
      .map((name) => {
        if (HOST_NAME.test(name) || isIPv6(name)) return name;
        throw expected(CODE, where, "names such as ops.example.org or 10.0.0.5:4700", name);
      }),
};

/** A host as in a `Host` header, or a range of addresses. */
const notifyHosts: Setting<readonly string[]> = {
  fromText: texts(64).fromText,
  check: (where, value) =>
    texts(64)
      .check(where, value)
      .map((name) => {
        if (HOST_NAME.test(name) || isIPv6(name) || isRange(name)) return name;
        throw expected(CODE, where, "hosts such as hooks.internal, 10.0.0.5:8080 or 10.0.0.0/8", name);
      }),
};

function isRange(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  const most = isIPv6(address) ? 128 : 32;
  return rest.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

/** Where people reach the hub; paths are added to it. */
const publicUrl: Setting<string> = {
  fromText: (value) => value,
  check: (where, value) => {
    const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === "")
      return url.href.replace(/\/+$/, "");
    // A URL may carry a password.
    const got = url === null ? value : `${url.protocol}//${url.host}${url.pathname}${url.search && "?…"}`;
    throw expected(CODE, where, "an address like https://wsight.example.org or https://ops.example.org/monitor", got);
  },
};

const SWITCHES: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  on: true,
  false: false,
  0: false,
  off: false,
};

const onOff: Setting<boolean> = {
  fromText: (value) => SWITCHES[value.toLowerCase()] ?? value,
  check: (where, value) => {
    if (typeof value === "boolean") return value;
    throw expected(CODE, where, "true or false", value);
  },
};

const data: Setting<string | null> = {
  fromText: (path) => (path === "none" ? null : path),
  check: (where, value) => {
    if (value === null || (typeof value === "string" && value !== "")) return value;
    throw expected(CODE, where, "a directory, or null (as text: none) to keep nothing on disk", value);
  },
};

/** Where history is kept when not in the data directory. */
const store: Setting<string> = {
  fromText: (value) => value,
  check: (where, value) => {
    const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
    if (url !== null && /^postgres(ql)?:$/.test(url.protocol) && typeof value === "string") return value;
    // A URL may carry a password.
    const got = url === null ? typeof value : `${url.protocol}//…`;
    throw new WsightError(CODE, `${where}: expected an address like postgres://user@host:5432/database, got ${got}`);
  },
};

const TEXT_UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** As text: `1s=24h,5m=30d`. */
const retention: Setting<Retention> = {
  fromText: (list) => {
    const entries = list.split(",").map((item) => /^\s*(\w+)=(\d{1,9})([smhd])\s*$/.exec(item));
    if (entries.includes(null)) return list;
    return Object.fromEntries(
      entries.map((entry) => [entry?.[1] ?? "", Number(entry?.[2]) * (TEXT_UNITS[entry?.[3] ?? ""] ?? 0)]),
    );
  },
  check: (where, value) => {
    if (typeof value !== "string") return parseRetention(where, value);
    throw expected(CODE, where, "tiers and times like 1s=24h,5m=30d", value);
  },
};

const otlpUrl: Setting<string> = {
  fromText: (value) => value,
  check: (where, value) => parseOtlpUrl(where, value).href,
};

/** As text `name=value,name=value`, values percent-encoded where they need it, as OpenTelemetry's own variable has it. */
const otlpHeaders: Setting<Readonly<Record<string, string>>> = {
  fromText: (list) =>
    Object.fromEntries(
      list.split(",").map((pair) => {
        const at = pair.indexOf("=");
        return at < 0 ? [pair.trim(), undefined] : [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
      }),
    ),
  check: parseOtlpHeaders,
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const hostSource: Setting<HostSourceOption> = {
  fromText: (value) => value,
  check: (where, value) => asOneOf(CODE, where, value, HOST_SOURCES),
};

const secret: Setting<string> = {
  fromText: (value) => value,
  check: (where, value) => {
    if (typeof value === "string" && value.length >= 32) return value;
    // The value itself must not reach a log.
    const got = typeof value === "string" ? `${value.length} characters` : typeof value;
    throw new WsightError(CODE, `${where}: expected at least 32 characters (openssl rand -base64 32), got ${got}`);
  },
};

/** `true`, `false`, or where a hub runs elsewhere. */
const hub: Setting<boolean | string> = {
  fromText: onOff.fromText,
  check: (where, value) => {
    if (typeof value === "boolean") return value;
    const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : null;
    if (url !== null && isHubUrl(url)) return url.href;
    // A URL may carry a password.
    const got = url === null ? value : `${url.protocol}//${url.host}${url.pathname}${url.search && "?…"}`;
    throw expected(CODE, where, "true, false, or the address of a hub like ws://host:4700 or wss://host", got);
  },
};

function isHubUrl({ protocol, username, password, search, hash }: URL): boolean {
  return /^wss?:$/.test(protocol) && username + password + search + hash === "";
}

const token: Setting<string> = {
  fromText: (value) => value.trim(),
  check: (where, value) => {
    if (typeof value === "string" && /^[\w.~+/=-]{16,8192}$/.test(value)) return value;
    // The value itself must not reach a log.
    const got = typeof value === "string" ? `${value.length} characters of another kind` : typeof value;
    throw new WsightError(
      CODE,
      `${where}: expected a token (wsight token --role probe --sub SERVICE --ttl 90d makes one), got ${got}`,
    );
  },
};

const mount: Setting<string> = {
  fromText: (value) => value,
  check: (where, value) => {
    const fits = typeof value === "string" && value.length <= 128 && /^\/[\w.~!$&'()*+,;=:@/-]*$/.test(value);
    if (fits && !value.split("/").includes("..")) return value;
    throw expected(CODE, where, 'a path like "/" or "/monitor" of at most 128 characters, without .. and query', value);
  },
};

/** Every setting: one table for options, `WSIGHT_*` variables and flags. */
export const SETTINGS: { readonly [K in SettingName]: Setting<Required<MonitorOptions>[K]> } = {
  service: text(64),
  instance: text(64),
  intervalMs: whole(100, 60_000),
  mediumIntervalMs: whole(100, 600_000),
  slowIntervalMs: whole(100, 3_600_000),
  hostSource,
  store,
  hashUsers: onOff,
  port: whole(0, 65_535),
  host: text(255),
  data,
  secret,
  hub,
  token,
  mount,
  capacity: whole(1, 1_000_000_000),
  tailFields: texts(64),
  slowMs: whole(1, 3_600_000),
  allowDisconnect: onOff,
  quiet: onOff,
  allowedHosts: hostNames,
  allowedOrigins: texts(64),
  storeIntervalMs: whole(1000, DAY_MS),
  jobsIntervalMs: whole(1000, 3_600_000),
  retention,
  retentionMs: whole(600_000, 10 * 366 * DAY_MS),
  otlpUrl,
  otlpHeaders,
  otlpIntervalMs: whole(1000, 3_600_000),
  storeMaxBytes: whole(16 * 2 ** 20, 2 ** 50),
  maxViewers: whole(1, 100_000),
  requestsPerMinute: whole(1, 1_000_000),
  viewersPerAddress: whole(1, 100_000),
  trustProxy: whole(0, 16),
  testTargets: texts(64),
  publicUrl,
  notifyHosts,
};

/** Names of {@link SETTINGS}. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[];

/** Reads one setting from text. @throws WsightError `BAD_OPTION` that calls it `where` */
export function readSetting<K extends SettingName>(name: K, where: string, value: string): Required<MonitorOptions>[K] {
  const setting = SETTINGS[name];
  return setting.check(where, setting.fromText(value));
}
