/** A mail as a server took it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Names in small letters, lines put together; of a name that comes twice the first. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded. */
  readonly subject: string;
  /** Between angle brackets, as it came. */
  readonly messageId: string;
  /** Every part, decoded from base64 and quoted-printable. */
  readonly text: string;
  readonly raw: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** Who had logged in; `null` for nobody. */
  readonly user: string | null;
  /** ms epoch. */
  readonly at: number;
}

/** Reads the source of a mail. */
export function readMail(
  raw: string,
  session: Pick<ReceivedMail, "from" | "to" | "secure" | "user" | "at">,
): ReceivedMail {
  const [head, body] = splitHead(raw);
  const headers = headersOf(head);
  return {
    ...session,
    raw,
    headers,
    subject: decodeWords(headers.get("subject") ?? ""),
    messageId: headers.get("message-id") ?? "",
    text: decodeBody(headers, body),
  };
}

function splitHead(raw: string): readonly [head: string, body: string] {
  const end = raw.search(/\r?\n\r?\n/);
  return end < 0 ? [raw, ""] : [raw.slice(0, end), raw.slice(end).replace(/^\r?\n\r?\n/, "")];
}

function headersOf(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

function decodeBody(headers: ReadonlyMap<string, string>, body: string): string {
  const boundary = /boundary="?([^";]+)"?/i.exec(headers.get("content-type") ?? "")?.[1];
  if (boundary === undefined) return decodePart(headers.get("content-transfer-encoding") ?? "", body);
  const parts = body.split(`--${boundary}`).slice(1, -1);
  return parts
    .map((part) => {
      const [head, rest] = splitHead(part.replace(/^\r?\n/, ""));
      return decodeBody(headersOf(head), rest);
    })
    .join("\n");
}

function decodePart(encoding: string, body: string): string {
  if (encoding.toLowerCase() === "base64") return Buffer.from(body, "base64").toString("utf8");
  return encoding.toLowerCase() === "quoted-printable" ? decodeQuoted(body.replace(/=\r?\n/g, "")) : body;
}

/** Words of headers that are not ASCII: `=?UTF-8?Q?…?=`, `=?UTF-8?B?…?=`. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?[\w-]+\?([QB])\?([^?]*)\?=/gi, (_word, kind: string, word: string) =>
      kind.toUpperCase() === "B"
        ? Buffer.from(word, "base64").toString("latin1")
        : Buffer.from(decodeBytes(word.replace(/_/g, " "))).toString("latin1"),
    )
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, "latin1").toString("utf8"));
}

function decodeQuoted(text: string): string {
  return Buffer.from(decodeBytes(text)).toString("utf8");
}

function decodeBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  const source = Buffer.from(text, "utf8");
  for (let at = 0; at < source.length; at++) {
    const hex = source.subarray(at + 1, at + 3).toString("latin1");
    if (source[at] === 0x3d && /^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(source[at] ?? 0);
  }
  return Uint8Array.from(bytes);
}
