import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Directories of the `PATH`. */
export function pathDirectories(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return (environment.PATH ?? "").split(delimiter).filter((directory) => directory !== "");
}

/** The first file of one of these names that can be run; `null` for none. */
export function findIn(directories: readonly string[], names: readonly string[]): string | null {
  for (const name of names) {
    for (const directory of directories) {
      const path = whenExecutable(join(directory, name));
      if (path !== null) return path;
    }
  }
  return null;
}

/** The path, when it is a file that can be run; else `null`. */
export function whenExecutable(path: string): string | null {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : null;
  } catch {
    return null;
  }
}

/** Names in a directory; none when it can't be read. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
