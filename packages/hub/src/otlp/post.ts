import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { readExportResponse } from "./export-response.ts";

/** Longest answer that is read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Longest that a receiver may ask to be left alone, ms. */
const MAX_RETRY_AFTER_MS = 600_000;
const RETRYABLE = new Set([429, 502, 503, 504]);

/** How one request ended. */
export type Posted =
  /** `rejected` points were not taken, for `reason`; it must not be sent again. */
  | { readonly type: "taken"; readonly rejected: number; readonly reason: string }
  /** May be sent again, not before `waitMs` if the receiver said so. */
  | { readonly type: "later"; readonly reason: string; readonly waitMs: number | null }
  /** Will never be taken. */
  | { readonly type: "refused"; readonly reason: string };

/** Posts to one place, over connections that are kept. */
export interface Poster {
  /** Sends gzipped protobuf. Resolves whatever happens, at most `timeoutMs` later. */
  post(body: Uint8Array, timeoutMs: number): Promise<Posted>;
  /** Cuts connections; what is on its way ends as `later`. */
  close(): void;
}

/** @param headers further headers of each request */
export function createPoster(url: URL, headers: Readonly<Record<string, string>>): Poster {
  const isSecure = url.protocol === "https:";
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  const ask = isSecure ? httpsRequest : httpRequest;
  const closed = new AbortController();

  return {
    post(body, timeoutMs) {
      return new Promise((resolve) => {
        const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(timeoutMs)]);
        const failed = (error: unknown): void =>
          resolve({ type: "later", reason: explain(error, signal), waitMs: null });
        const call = ask(url, {
          method: "POST",
          agent,
          signal,
          headers: {
            "user-agent": "wsight",
            ...headers,
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            "content-length": body.length,
          },
        });
        call.once("error", failed);
        call.once("response", (response: IncomingMessage) => {
          // An answer that breaks off tells by its status all the same.
          readAnswer(response).then((answer) => resolve(judge(response, answer)), failed);
        });
        call.end(body);
      });
    },
    close() {
      closed.abort();
      agent.destroy();
    },
  };
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function judge({ statusCode = 0, headers }: IncomingMessage, answer: Buffer): Posted {
  if (statusCode >= 200 && statusCode < 300)
    return { type: "taken", ...readExportResponse(headers["content-type"], answer) };
  const reason = `it answered ${statusCode}`;
  if (!RETRYABLE.has(statusCode)) return { type: "refused", reason };
  return { type: "later", reason, waitMs: retryAfter(headers["retry-after"]) };
}

/** Seconds, or a date. */
function retryAfter(text: string | undefined): number | null {
  if (text === undefined) return null;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return waitMs >= 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : null;
}

function explain(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "it did not answer in time";
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return code || (error instanceof Error ? error.message : String(error));
}
