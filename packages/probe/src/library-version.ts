import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Version of the copy of a library that made `target`, or `null` when that
 * can't be told (bundled, or never loaded as CommonJS). Libraries don't say
 * their version, and a process may hold several copies: of the loaded modules
 * whose path ends in `module`, the one whose export made the target counts.
 */
export function libraryVersion(target: object, module: string): string | null {
  try {
    const { cache } = createRequire(join(process.cwd(), "any.js"));
    for (const [path, loaded] of Object.entries(cache)) {
      if (!path.replaceAll("\\", "/").endsWith(module)) continue;
      if (madeBy(loaded?.exports, target)) return versionAbove(dirname(path));
    }
  } catch {
    // The version is a courtesy.
  }
  return null;
}

/** True when a module exports the class of `target`, as itself or as `Server`. */
function madeBy(exported: unknown, target: object): boolean {
  const { Server } = Object(exported) as { Server?: unknown };
  return [exported, Server].some((made) => typeof made === "function" && isInstance(target, made));
}

function isInstance(target: object, made: { readonly prototype?: unknown }): boolean {
  const { prototype } = made;
  return typeof prototype === "object" && prototype !== null && Object.prototype.isPrototypeOf.call(prototype, target);
}

function versionAbove(directory: string): string | null {
  const { version } = JSON.parse(readFileSync(join(dirname(directory), "package.json"), "utf8")) as {
    version?: unknown;
  };
  return typeof version === "string" ? version.slice(0, 64) : null;
}
