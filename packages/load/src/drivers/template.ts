/** What `{{mark}}` begins with; the digits after it are µs of the machine's clock. */
const MARK = "wsight@";
const MARK_BYTES = Buffer.from(MARK);

/** Fills a message's template for one message. `atMs` is when it is meant to leave, on the machine's clock. */
export type FillTemplate = (number: number, connection: number, atMs: number) => string;

/** A template and whether every message of it is the same. */
export interface Template {
  readonly fill: FillTemplate;
  readonly constant: boolean;
}

/**
 * Compiles a message template: `{{n}}` is the number of the message of its
 * connection, `{{id}}` of the connection, `{{now}}` the time in ms,
 * `{{pad:100}}` 100 characters, and `{{mark}}` when it was meant to leave.
 * Anything else stands for itself.
 */
export function compileTemplate(template: string): Template {
  const parts = template.split(/(\{\{(?:n|id|now|mark|pad:\d{1,7})\}\})/).map((part): string | FillTemplate => {
    if (part === "{{n}}") return (number) => String(number);
    if (part === "{{id}}") return (_number, connection) => String(connection);
    if (part === "{{now}}") return () => String(Date.now());
    if (part === "{{mark}}") return (_number, _connection, atMs) => `${MARK}${Math.round(atMs * 1000)};`;
    const pad = /^\{\{pad:(\d+)\}\}$/.exec(part)?.[1];
    return pad === undefined ? part : "x".repeat(Number(pad));
  });
  if (parts.every((part) => typeof part === "string")) {
    const text = parts.join("");
    return { fill: () => text, constant: true };
  }
  const fill: FillTemplate = (number, connection, atMs) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : part(number, connection, atMs);
    return text;
  };
  return { fill, constant: false };
}

/** When a marked message was meant to leave, in ms of the machine's clock; `null` when it bears no mark. */
export function readMark(bytes: Buffer): number | null {
  const found = bytes.indexOf(MARK_BYTES);
  if (found < 0) return null;
  let micros = 0;
  for (let i = found + MARK_BYTES.length; i < bytes.length; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) break;
    micros = micros * 10 + digit;
  }
  return micros / 1000;
}
