import { asInteger, asNumber, expected } from "@wsight/protocol";
import type { MonitorOptions } from "../monitor-options.ts";
import { readSetting, type SettingName } from "../settings.ts";
import type { Flag, FlagValues } from "./command.ts";

/** Flags that several commands share; they are settings of `monitor` too. */
export const SHARED_FLAGS: Readonly<Record<"port" | "host" | "data" | "secret", Flag>> = {
  port: { value: "N", help: "port of the dashboard (4700; 0 takes a free one)" },
  host: { value: "ADDRESS", help: "address to listen on (127.0.0.1)" },
  data: { value: "DIR", help: "directory of the secret and the history (.wsight; none keeps nothing)" },
  secret: { value: "TEXT", help: "signs sessions and tokens; better given as WSIGHT_SECRET" },
};

/** Where history is kept instead of in the data directory. */
export const STORE_FLAG: Flag = {
  value: "URL",
  help: "keep history in postgres://user@host/database; with a password better given as WSIGHT_STORE",
};

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** How a setting is called as a flag: `allowedHosts` is `allowed-hosts`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Those of the named settings that were given as flags. @throws WsightError `BAD_OPTION` */
export function readSettings<K extends SettingName>(values: FlagValues, names: readonly K[]): Pick<MonitorOptions, K> {
  const entries = names.flatMap((name) => {
    const value = values[flagOf(name)];
    return value === undefined ? [] : [[name, readSetting(name, `--${flagOf(name)}`, value)] as const];
  });
  return Object.fromEntries(entries) as Pick<MonitorOptions, K>;
}

/** A whole number, if given. @throws WsightError `BAD_OPTION` */
export function readWhole(values: FlagValues, name: string, min: number, max: number): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw expected("BAD_OPTION", `--${name}`, `a whole number from ${min} to ${max}`, value);
  return asInteger("BAD_OPTION", `--${name}`, Number(value), min, max);
}

/** A number that need not be whole, if given. @throws WsightError `BAD_OPTION` */
export function readNumber(values: FlagValues, name: string, min: number, max: number): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(value))
    throw expected("BAD_OPTION", `--${name}`, `a number from ${min} to ${max}`, value);
  return asNumber("BAD_OPTION", `--${name}`, Number(value), min, max);
}

/** Every value of a flag that repeats. */
export function readAll(values: FlagValues, name: string): readonly string[] {
  return values[name]?.split("\n") ?? [];
}

/** A duration like `90s`, `15m`, `1h` or `30d`, in ms, if given. @throws WsightError `BAD_OPTION` */
export function readDuration(values: FlagValues, name: string): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  const parts = /^(\d{1,9})([smhd])$/.exec(value);
  const unit = UNITS_MS[parts?.[2] ?? ""];
  if (parts === null || unit === undefined)
    throw expected("BAD_OPTION", `--${name}`, "a duration like 90s, 15m, 1h or 30d", value);
  return Number(parts[1]) * unit;
}
