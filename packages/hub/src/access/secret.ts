import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { WsightError } from "@wsight/protocol";
import { systemCode } from "../errors.ts";
import { createOnce } from "./create-once.ts";

/** Shortest secret that is accepted, in characters. */
export const MIN_SECRET_LENGTH = 32;

/** The key material of a hub. */
export interface Secret {
  /** Signs sessions and tokens. */
  readonly value: string;
  /** True when a person chose it (option or environment), false when it was made here. */
  readonly configured: boolean;
}

/** Where a secret may come from, in this order. */
export interface SecretSources {
  /** Wins over everything else. */
  readonly secret?: string | undefined;
  /** Directory in which a secret is made once and kept; `null` makes one for this run only. */
  readonly dataDir: string | null;
  /** `WSIGHT_SECRET` is read from it. @default nothing */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the secret, or makes one in `<dataDir>/secret` with mode 0600.
 * @throws WsightError `BAD_OPTION` when it is shorter than {@link MIN_SECRET_LENGTH}
 */
export async function resolveSecret(sources: SecretSources): Promise<Secret> {
  if (sources.secret !== undefined) return { value: checked("secret", sources.secret), configured: true };
  const fromEnv = sources.env?.WSIGHT_SECRET;
  if (fromEnv !== undefined && fromEnv !== "") return { value: checked("WSIGHT_SECRET", fromEnv), configured: true };
  if (sources.dataDir === null) return { value: makeSecret(), configured: false };
  return { value: await keptSecret(sources.dataDir), configured: false };
}

async function keptSecret(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code !== "EEXIST" && code !== "ENOTDIR") throw error;
    throw new WsightError("BAD_OPTION", `data: expected a directory, got a path through a file: ${dataDir}`);
  }
  const path = join(dataDir, "secret");
  const kept = await readSecret(path);
  if (kept !== null) return kept;
  await createOnce(path, `${makeSecret()}\n`);
  return (await readSecret(path)) ?? Promise.reject(new WsightError("BAD_OPTION", `${path}: vanished while starting`));
}

async function readSecret(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    // A copy or a restored backup may have lost its mode.
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
    return checked(path, text);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

function makeSecret(): string {
  return randomBytes(32).toString("base64url");
}

function checked(where: string, secret: string): string {
  if (secret.length >= MIN_SECRET_LENGTH) return secret;
  // The value itself must not reach a log.
  throw new WsightError(
    "BAD_OPTION",
    `${where}: expected a secret of at least ${MIN_SECRET_LENGTH} characters, got ${secret.length}. ` +
      "Make one with: openssl rand -base64 32",
  );
}
