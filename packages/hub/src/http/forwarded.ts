import { createHmac, timingSafeEqual } from "node:crypto";

/** Header in which an application's server tells its hub whose request it passes on. */
export const FORWARDED_HEADER = "x-wsight-forwarded";

/** How far the clocks of the two may be apart, in ms; they are on one machine. */
const MAX_AGE_MS = 60_000;
/** Longest header that is looked at, in characters. */
const MAX_LENGTH = 1024;

/** What the application's server knows of a request it passes on. */
export interface Forwarded {
  /** Who is connected to the application's server, as it writes addresses; empty for none (a pipe). */
  readonly address: string;
  /** True when the client speaks TLS with the application's server. */
  readonly secure: boolean;
}

/** Method and target as the hub gets them: what is signed for one request is good for no other. */
interface RequestLine {
  readonly method: string;
  readonly url: string;
}

/** The key for this purpose, made from the key that the processes of one machine share. */
export function forwardingKey(machineKey: Uint8Array): Uint8Array {
  return createHmac("sha256", machineKey).update("wsight forwarded request").digest();
}

/** Writes the header. @param key of {@link forwardingKey} */
export function signForwarded(key: Uint8Array, line: RequestLine, forwarded: Forwarded, now: number): string {
  const said = Buffer.from(JSON.stringify([now, forwarded.address, forwarded.secure])).toString("base64url");
  return `${said}.${mac(key, line, said).toString("base64url")}`;
}

/** Reads the header; `null` when it was not made with this key, for this request, a moment ago. */
export function verifyForwarded(key: Uint8Array, line: RequestLine, header: string, now: number): Forwarded | null {
  if (header.length > MAX_LENGTH) return null;
  const [said = "", signature = ""] = header.split(".", 2);
  const expected = mac(key, line, said);
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  // Signed by one of ours, so it has the shape we gave it.
  const [at, address, secure] = JSON.parse(Buffer.from(said, "base64url").toString()) as [number, string, boolean];
  return Math.abs(now - at) <= MAX_AGE_MS ? { address, secure } : null;
}

function mac(key: Uint8Array, { method, url }: RequestLine, said: string): Buffer {
  return createHmac("sha256", key).update(`${said}\n${method}\n${url}`).digest();
}
