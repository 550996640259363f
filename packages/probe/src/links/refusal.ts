import type { IncomingMessage } from "node:http";

/** Longest body of a refusal that is read, in bytes. */
const MAX_BODY = 4096;

/** An answer that is no link. */
export interface Refusal {
  /** For people, e.g. `the hub answers 403: Role probe is needed`. */
  readonly reason: string;
  /** True when it is about who asks or where; false when the hub, or what is in front of it, only fails just now. */
  readonly lasting: boolean;
}

/** Reads why a hub refuses, and says it once. The connection is of no further use. */
export function readRefusal(response: IncomingMessage, say: (refusal: Refusal) => void): void {
  const status = response.statusCode ?? 0;
  const parts: Buffer[] = [];
  let bytes = 0;
  let said = false;
  const finish = (): void => {
    if (said) return;
    said = true;
    const message = plainText(messageOf(Buffer.concat(parts).toString("utf8")) ?? response.statusMessage ?? "");
    say({
      reason: `the hub answers ${status}${message === "" ? "" : `: ${message}`}`,
      lasting: status >= 300 && status < 500,
    });
  };
  response.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MAX_BODY) parts.push(part);
    else finish();
  });
  for (const event of ["end", "error", "close"]) response.once(event, finish);
}

/** Words of somebody else's that end up in a log or on a terminal: on one line, and steering nothing. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 256);
}

/** The words of a wsight error; whatever else answered says nothing of use. */
function messageOf(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? error.message.slice(0, 256) : null;
  } catch {
    return null;
  }
}
