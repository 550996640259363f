import { createHmac, randomBytes } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, unlink, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { asText } from "@wsight/protocol";
import { SignJWT } from "jose";
import { systemCode } from "../errors.ts";
import type { TokenKeys } from "./token.ts";

/** `iss` of machine tokens: no other token has it. */
const MACHINE_ISSUER = "wsight-machine";
const KEY_BYTES = 32;
/** Life of a machine token in seconds: it is shown once, right after it was made. */
const LIFE_SECONDS = 60;

/** The key that the processes of one user on one machine share, or why they share none. */
export type MachineKey = { readonly key: Uint8Array } | { readonly problem: string };

/**
 * Reads the machine key, making it when it is not there yet. It lies in
 * `<tmpdir>/wsight-<uid>/link-key`, readable by its owner alone; whatever
 * somebody else could have put or changed there is not used. Never throws.
 * @param options.dir where it lies. @default `<tmpdir>/wsight-<uid>`
 */
export async function readMachineKey(options: { readonly dir?: string } = {}): Promise<MachineKey> {
  try {
    const dir = options.dir ?? join(tmpdir(), `wsight-${userPart()}`);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const problem = judge(dir, await lstat(dir, { bigint: true }), "directory");
    if (problem !== null) return { problem };
    return await keptKey(join(dir, "link-key"));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Signs the token by which a process proves to a hub of the same machine that
 * it belongs to the same user. It writes as `service` and may do nothing else.
 * @throws WsightError `BAD_OPTION` when the name is too long
 */
export function signMachineToken(key: Uint8Array, service: string): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT({ role: "probe" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(MACHINE_ISSUER)
    .setSubject(asText("BAD_OPTION", "service", service, 64))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFE_SECONDS)
    .sign(tokenKey(key));
}

/** What machine tokens are verified with. */
export function machineKeys(key: Uint8Array): TokenKeys {
  return { algorithm: "HS256", key: tokenKey(key), issuer: MACHINE_ISSUER };
}

/** One key, one purpose: what else is made from the machine key can't be taken for a token. */
function tokenKey(key: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update("wsight machine token").digest();
}

async function keptKey(path: string): Promise<MachineKey> {
  const kept = await readKey(path);
  if (kept !== null) return kept;
  await createKey(path);
  return (await readKey(path)) ?? { problem: `${path}: vanished while starting` };
}

async function readKey(path: string): Promise<MachineKey | null> {
  let file: FileHandle;
  try {
    // Without following: a link could lead to a file that somebody else can read.
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    if (systemCode(error) === "ELOOP") return { problem: `${path}: expected a file, got a symbolic link` };
    throw error;
  }
  try {
    const problem = judge(path, await file.stat({ bigint: true }), "file");
    if (problem !== null) return { problem };
    const { bytesRead, buffer } = await file.read(Buffer.alloc(KEY_BYTES + 1), 0, KEY_BYTES + 1, 0);
    if (bytesRead === KEY_BYTES) return { key: new Uint8Array(buffer.subarray(0, KEY_BYTES)) };
    return { problem: `${path}: expected ${KEY_BYTES} bytes, got another size; delete it to have it made anew` };
  } finally {
    await file.close();
  }
}

/** Processes that start at once must end up with one key, whole: `link` lets only the first name its file. */
async function createKey(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, randomBytes(KEY_BYTES), { flag: "wx", mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
}

/** Says why something can't be trusted; `null` when it can. Windows keeps temporary directories per user itself. */
function judge(path: string, stats: BigIntStats, kind: "directory" | "file"): string | null {
  if (stats.isSymbolicLink()) return `${path}: expected a ${kind}, got a symbolic link`;
  if (!(kind === "file" ? stats.isFile() : stats.isDirectory())) return `${path}: expected a ${kind}`;
  const uid = process.getuid?.();
  if (uid === undefined) return null;
  if (stats.uid !== BigInt(uid)) return `${path}: expected user ${uid} as its owner, got ${stats.uid}`;
  if ((stats.mode & 0o077n) === 0n) return null;
  return `${path}: expected nobody else to have access, got mode ${(stats.mode & 0o777n).toString(8)}; delete it to have it made anew`;
}

function userPart(): string {
  return String(process.getuid?.() ?? userInfo().username.replace(/[^\w.-]/g, "_"));
}
