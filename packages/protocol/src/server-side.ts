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

/** The greater of two figures, of which either may not be known. */
export function greaterOf(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** The greatest figure; `null` of none. */
export function mostOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/** The mean; `null` of none. */
export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
