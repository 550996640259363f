import type { IncomingMessage } from "node:http";
import { expected, parseJson } from "@wsight/protocol";
import { checkFormType, checkJsonType } from "../access/guards.ts";

/** Largest body of a request unless its route says otherwise, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
/** Bytes of a body that is too large which are still read, and thrown away: who still writes does not read the refusal. */
const MAX_SPILT_BYTES = 1024 * 1024;

/** True when a body follows the headers. */
export function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

/**
 * Reads a JSON body; `undefined` when there is none.
 * @throws WsightError `TOO_LARGE` or `BAD_REQUEST`
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number = MAX_BODY_BYTES): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  checkJsonType(request.headers);
  const bytes = await collect(request, maxBytes);
  return parseJson("BAD_REQUEST", "body", bytes.toString("utf8"));
}

/**
 * Reads the fields of a form; none when there is no body.
 * @throws WsightError `TOO_LARGE` or `BAD_REQUEST`
 */
export async function readFormBody(
  request: IncomingMessage,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<URLSearchParams> {
  if (!hasBody(request)) return new URLSearchParams();
  checkFormType(request.headers);
  return new URLSearchParams((await collect(request, maxBytes)).toString("utf8"));
}

/** By events, since leaving an async iterator early would destroy the socket before it carries the answer. */
function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= maxBytes) parts.push(part);
      else parts.length = 0;
      if (size <= maxBytes + MAX_SPILT_BYTES) return;
      request.removeAllListeners("data");
      request.pause();
      reject(tooLarge(size, maxBytes));
    });
    request.once("end", () => {
      if (size <= maxBytes) resolve(Buffer.concat(parts));
      else reject(tooLarge(size, maxBytes));
    });
    request.once("error", reject);
  });
}

function tooLarge(bytes: number, maxBytes: number): Error {
  return expected("TOO_LARGE", "body", `at most ${maxBytes} bytes`, bytes);
}
