import type { MonitorOptions } from "./monitor-options.ts";
import { readSetting, SETTING_NAMES, type SettingName } from "./settings.ts";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `storeIntervalMs` is `WSIGHT_STORE_INTERVAL_MS`. */
function variableOf(name: SettingName): string {
  return `WSIGHT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * Reads the settings that are given as `WSIGHT_*` variables; empty ones count
 * as not given.
 * @throws WsightError `BAD_OPTION` that names the variable
 */
export function readEnvironment(environment: Environment): Pick<MonitorOptions, SettingName> {
  const entries = SETTING_NAMES.flatMap((name) => {
    const variable = variableOf(name);
    const value = environment[variable];
    return value === undefined || value === "" ? [] : [[name, readSetting(name, variable, value)] as const];
  });
  return Object.fromEntries(entries);
}
