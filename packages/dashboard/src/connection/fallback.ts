import type { Fallback } from "./connection-parts.ts";
import type { Clock, FetchLike } from "./environment.ts";
import { eventStreams } from "./event-stream.ts";
import { WebSocketTrial } from "./websocket-trial.ts";

/** Everything that a page needs only where WebSockets do not get through; fetched there. */
export function createFallback(fetchLike: FetchLike, clock: Clock): Fallback {
  return {
    streams: eventStreams(fetchLike, clock),
    createTrial: (open, won) => new WebSocketTrial(open, clock, won),
  };
}
