import { hash, randomFillSync } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Headers without which it would be another protocol. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "upgrade",
  "sec-websocket-version",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
]);
/** Longest head of an answer, in bytes. */
const MAX_HEAD = 16 * 1024;

/** What is asked for in an opening handshake. */
export interface HandshakeRequest {
  /** Path and query. */
  readonly path: string;
  /** `host:port` as the address says. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
}

/** Text around the key, made once for a target. */
export interface HandshakeText {
  readonly before: string;
  readonly after: string;
}

/** Prepares the request of RFC 6455 §4.1; own headers win over ours but for those the protocol needs. */
export function prepareHandshake({ path, host, headers, protocols }: HandshakeRequest): HandshakeText {
  const given = Object.entries(headers).filter(([name]) => !OURS.has(name.toLowerCase()));
  const own = given.map(([name, value]) => `${name}: ${value}\r\n`);
  const hasHost = given.some(([name]) => name.toLowerCase() === "host");
  const before = `GET ${path} HTTP/1.1\r\n${hasHost ? "" : `Host: ${host}\r\n`}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: `;
  const offered = protocols.length === 0 ? "" : `Sec-WebSocket-Protocol: ${protocols.join(", ")}\r\n`;
  return { before, after: `\r\n${offered}${own.join("")}\r\n` };
}

/** Bytes of a key, and keys that are drawn at once: asking the kernel for each costs more than all else of a handshake. */
const KEY_BYTES = 16;
const KEYS = 256;

/** Makes keys of handshakes: 16 random bytes each, in base64. */
export class HandshakeKeys {
  readonly #pool = Buffer.alloc(KEY_BYTES * KEYS);
  #at: number = this.#pool.length;

  /** A key that was not used before. */
  next(): string {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += KEY_BYTES;
    return this.#pool.toString("base64", from, this.#at);
  }
}

/** What a server said to a handshake. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Where the bytes after the head begin. */
  readonly end: number;
}

/** Reads the head of an answer; `null` while it is not all there. @throws Error when it is no HTTP or too long */
export function readAnswer(bytes: Buffer): HandshakeAnswer | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) {
    if (bytes.length > MAX_HEAD) throw new Error(`the head of the answer is above ${MAX_HEAD} bytes`);
    return null;
  }
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const [, status, reason = ""] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first) ?? [];
  if (status === undefined) throw new Error("the answer is no HTTP");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), reason, headers, end: end + 4 };
}

/** Why an answer is no agreement to speak WebSocket; `null` when it is one. */
export function refusalOf(answer: HandshakeAnswer, key: string): string | null {
  if (answer.status !== 101) return `HTTP ${answer.status} ${answer.reason}`.trim();
  const accept = hash("sha1", `${key}${GUID}`, "base64");
  if (answer.headers.get("sec-websocket-accept") !== accept) return "wrong Sec-WebSocket-Accept";
  if (answer.headers.has("sec-websocket-extensions")) return "the server chose an extension that was not asked for";
  return null;
}
