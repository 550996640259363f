import type { WebSocket } from "ws";
import type { Principal } from "../access/principal.ts";
import type { LiveOptions, LiveStats } from "./live-options.ts";
import { Sessions } from "./sessions.ts";

/** Tells viewers what is going on. */
export interface Live {
  /**
   * Begins a live session on an open WebSocket. Who may have one was decided
   * before. Its server should limit messages to `MAX_VIEWER_MESSAGE` (ws:
   * `maxPayload`) and must not compress.
   */
  accept(socket: WebSocket, principal: Principal): void;
  /**
   * Tells the second that starts at `at`, which `current` must have closed.
   * Resolves when everything was handed to the sockets. Called again before
   * that, it waits, and only the newest second is told.
   */
  tick(at: number): Promise<void>;
  stats(): LiveStats;
  /** Ends all sessions. */
  close(): void;
}

/** Makes the live sessions of a hub. */
export function createLive(options: LiveOptions): Live {
  const sessions = new Sessions(options);
  return {
    accept: (socket, principal) => sessions.accept(socket, principal),
    tick: (at) => sessions.tick(at),
    stats: () => sessions.stats(),
    close: () => sessions.close(),
  };
}
