import { FORWARDED_HEADER } from "@wsight/hub/forwarded";

/** Headers that are about one connection, not about the request or reply it carries. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The headers of a request or reply that go on, as Node's `rawHeaders` lists
 * them. What a client names in `Connection` goes on too: it could name what
 * frames its body (`Content-Length`) or tells where it comes from (`X-Forwarded-For`).
 */
export function endToEnd(raw: readonly string[]): string[] {
  return without(raw, (name) => HOP_BY_HOP.has(name));
}

/** The headers of an upgrade that go on: what it asks of the connection is what it is about. */
export function ofUpgrade(raw: readonly string[]): string[] {
  return without(raw, (name) => name === "content-length" || name === "transfer-encoding");
}

function without(raw: readonly string[], drops: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = raw.slice(i, i + 2);
    const lower = name.toLowerCase();
    // Nobody outside may speak for this server.
    if (lower !== FORWARDED_HEADER && !drops(lower)) kept.push(name, value);
  }
  return kept;
}

/** Headers as HTTP/1.1 writes them. */
export function headerLines(raw: readonly string[]): string {
  let lines = "";
  for (let i = 0; i + 1 < raw.length; i += 2) lines += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return lines;
}
