import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Directories between a module and its package's own. */
const MAX_DEPTH = 4;

/**
 * Version of the copy of a library that made `target`, or `null` when that
 * can't be told (bundled, or never loaded as CommonJS). Libraries don't say
 * their version, and a process may hold several copies: of the loaded modules
 * whose path ends in `module`, the one whose export made the target counts.
 */
export function libraryVersion(
  target: object,
  module: string,
  isMaker: (exported: Readonly<Record<string, unknown>>) => boolean = (exported) => madeBy(exported, target),
): string | null {
  try {
    const { cache } = createRequire(join(process.cwd(), "any.js"));
    for (const [path, loaded] of Object.entries(cache)) {
      if (!path.replaceAll("\\", "/").endsWith(module)) continue;
      if (isMaker(Object(loaded?.exports))) return versionAbove(dirname(path));
    }
  } catch {
    // The version is a courtesy.
  }
  return null;
}

/** True when a module exports the class of `target`, as itself, as `Server` or as its default. */
function madeBy(exported: unknown, target: object): boolean {
  const { Server, default: main } = Object(exported) as { Server?: unknown; default?: unknown };
  return [exported, Server, main].some((made) => typeof made === "function" && isInstance(target, made));
}

function isInstance(target: object, made: { readonly prototype?: unknown }): boolean {
  const { prototype } = made;
  return typeof prototype === "object" && prototype !== null && Object.prototype.isPrototypeOf.call(prototype, target);
}

/** Of the nearest `package.json` with a version above a directory. */
function versionAbove(directory: string): string | null {
  for (let at = dirname(directory), depth = 0; depth < MAX_DEPTH; at = dirname(at), depth++) {
    const version = versionIn(at);
    if (typeof version === "string") return version.slice(0, 64);
  }
  return null;
}

function versionIn(directory: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version?: unknown }).version;
  } catch {
    return undefined;
  }
}
