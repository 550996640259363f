import type { LoadResult, LoadServerSide } from "./load.ts";

/**
 * Where the time of an average message went: means add up where percentiles do
 * not, so the parts make the average latency.
 * @param loopDelay mean lag of the server's event loop, ms; `null` when not known
 * @param handler mean time in its handlers, ms; `null` when not known
 * @returns `null` when nothing of the server is known, or nothing was answered
 */
export function splitLatency(
  { messages, tool }: Pick<LoadResult, "messages" | "tool">,
  loopDelay: number | null,
  handler: number | null,
): LoadServerSide["split"] {
  const total = messages.latency?.avg ?? null;
  if (total === null || (loopDelay === null && handler === null)) return null;
  const clientLag = Math.min(total, tool.sendLag?.avg ?? 0);
  const loop = Math.min(total - clientLag, loopDelay ?? 0);
  const handled = Math.min(total - clientLag - loop, handler ?? 0);
  return { clientLag, loopDelay: loop, handler: handled, rest: total - clientLag - loop - handled };
}
