import type { Delivery } from "../notifier.ts";
import type { Posted } from "./post.ts";

/** What a provider's own reply says beside its status. */
export interface ProviderReply {
  readonly providerId?: string | null;
  /** How long to wait before the next try, ms. */
  readonly afterMs?: number | null;
  /** How long nothing more is wanted on the channel, ms. */
  readonly pauseMs?: number;
  /** What went wrong, in the provider's words. */
  readonly error?: string;
}

/** Statuses other than 5xx that may be another one next time. */
const LATER: readonly number[] = [408, 425, 429];
const LONGEST_WORDS = 200;

/** What an answer means: 2xx got through; 408, 425, 429 and 5xx may later; everything else never will. */
export function judge(posted: Posted, reply: ProviderReply, now: number): Delivery {
  const { status, headers, text } = posted;
  const words = (reply.error ?? text).replace(/\s+/g, " ").trim().slice(0, LONGEST_WORDS);
  const said = words === "" ? `HTTP ${status}` : `HTTP ${status}: ${words}`;
  if (status >= 200 && status < 300) {
    return { result: "sent", providerId: reply.providerId ?? null, reply: said, pauseMs: reply.pauseMs ?? 0 };
  }
  if (LATER.includes(status) || status >= 500) {
    return { result: "again", error: said, afterMs: reply.afterMs ?? retryAfterMs(headers["retry-after"], now) };
  }
  const isRedirect = status >= 300 && status < 400;
  return { result: "dead", error: isRedirect ? `HTTP ${status}: redirects are not followed` : said };
}

/** The header Retry-After, as seconds or as a date; `null` when it says nothing of use. */
function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.round(Number(header) * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
