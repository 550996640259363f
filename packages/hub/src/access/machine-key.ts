import { createHmac, randomBytes } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { asText } from "@wsight/protocol";
import { SignJWT } from "jose";
import { systemCode } from "../errors.ts";
import { createOnce } from "./create-once.ts";
import type { TokenKeys } from "./token.ts";

/** `iss` of machine tokens: no other token has it. */
const MACHINE_ISSUER = "wsight-machine";
const KEY_FILE = "link-key";
const KEY_BYTES = 32;
/** Life of a machine token in seconds: it is shown once, right after it was made, to a process with the same clock. */
const LIFE_SECONDS = 15;

/** Header of a handshake's answer in which a hub proves that it has the key a machine token was signed with. */
export const PROOF_HEADER = "x-wsight-proof";

/** The key that the processes of one user on one machine share and the directory it lies in, or why they share none. */
export type MachineKey = { readonly key: Uint8Array; readonly dir: string } | { readonly problem: string };

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
    return await keptKey(dir);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The key that lies in a directory now; `null` when there is none, or none that can be trusted. Makes nothing, never throws. */
export async function lookForMachineKey(dir: string): Promise<Uint8Array | null> {
  try {
    if (judge(dir, await lstat(dir, { bigint: true }), "directory") !== null) return null;
    const found = await readKey(dir);
    return found !== null && "key" in found ? found.key : null;
  } catch {
    return null;
  }
}

/**
 * Signs the token by which a process proves to a hub of the same machine that
 * it belongs to the same user. It writes as `service` and may do nothing else.
 * @param port of the hub: whoever else is shown the token can't use it at another
 * @throws WsightError `BAD_OPTION` when the name is too long
 */
export function signMachineToken(key: Uint8Array, service: string, port: number): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT({ role: "probe" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(MACHINE_ISSUER)
    .setAudience(String(port))
    .setSubject(asText("BAD_OPTION", "service", service, 64))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFE_SECONDS)
    .sign(tokenKey(key));
}

/** What machine tokens for a hub on this port are verified with. */
export function machineKeys(key: Uint8Array, port: number): TokenKeys {
  return { algorithm: "HS256", key: tokenKey(key), issuer: MACHINE_ISSUER, audience: String(port) };
}

/**
 * What a hub answers to whoever showed it a machine token: nobody without the
 * key can, and nobody can have it said by a hub that listens elsewhere.
 * @param end address and port of the hub's end of the connection
 */
export function proveHub(
  key: Uint8Array,
  token: string,
  end: { readonly address: string | undefined; readonly port: number | undefined },
): string {
  const purpose = createHmac("sha256", key).update("wsight hub proof").digest();
  // Servers on all addresses write IPv4 as IPv6.
  const address = end.address?.replace(/^::ffff:/i, "");
  return createHmac("sha256", purpose).update(`${token}\n${address}\n${end.port}`).digest("base64url");
}

/** One key, one purpose: what else is made from the machine key can't be taken for a token. */
function tokenKey(key: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update("wsight machine token").digest();
}

async function keptKey(dir: string): Promise<MachineKey> {
  const kept = await readKey(dir);
  if (kept !== null) return kept;
  await createOnce(join(dir, KEY_FILE), randomBytes(KEY_BYTES));
  return (await readKey(dir)) ?? { problem: `${dir}: the key vanished while starting` };
}

async function readKey(dir: string): Promise<MachineKey | null> {
  const path = join(dir, KEY_FILE);
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
    if (bytesRead === KEY_BYTES) return { key: new Uint8Array(buffer.subarray(0, KEY_BYTES)), dir };
    return { problem: `${path}: expected ${KEY_BYTES} bytes, got another size; delete it to have it made anew` };
  } finally {
    await file.close();
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
