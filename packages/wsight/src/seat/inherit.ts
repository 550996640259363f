import { access, constants } from "node:fs/promises";
import { join } from "node:path";

/**
 * Where the next hub keeps its history and its secret: where the hub before
 * did, so that sessions and tokens stay good, unless this process may not read
 * and write there.
 * @param told what the hub before said; `null` when it keeps nothing or does not say
 * @param own what this process was given
 */
export async function inheritDataDir(told: string | null, own: string | null): Promise<string | null> {
  if (told === null || told === own) return own;
  return (await mayUse(told)) ? told : own;
}

async function mayUse(dir: string): Promise<boolean> {
  try {
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    await access(join(dir, "secret"), constants.R_OK).catch((error: { code?: unknown }) => {
      // A configured secret has no file.
      if (error.code !== "ENOENT") throw error;
    });
    return true;
  } catch {
    return false;
  }
}
