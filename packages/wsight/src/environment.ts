import type { MonitorOptions } from "./monitor-options.ts";
import { nearest } from "./nearest.ts";
import { readSetting, SETTING_NAMES, type SettingName } from "./settings.ts";

const PREFIX = "WSIGHT_";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `storeIntervalMs` is `WSIGHT_STORE_INTERVAL_MS`. */
function variableOf(name: SettingName): string {
  return `${PREFIX}${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
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

/** Variables that look like a misspelt setting, with the name that was probably meant. */
export function misspeltVariables(
  environment: Environment,
): readonly { readonly name: string; readonly near: string }[] {
  const known = SETTING_NAMES.map((name) => variableOf(name).slice(PREFIX.length));
  return Object.keys(environment).flatMap((name) => {
    const word = name.slice(PREFIX.length);
    if (!name.startsWith(PREFIX) || known.includes(word)) return [];
    // All begin alike, which must not make them near.
    const near = nearest(word, known);
    return near === undefined ? [] : [{ name, near: `${PREFIX}${near}` }];
  });
}
