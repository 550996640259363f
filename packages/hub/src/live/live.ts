import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { WebSocket } from "ws";
import type { Principal } from "../access/principal.ts";
import type { LiveOptions, LiveStats } from "./live-options.ts";
import { Sessions } from "./sessions.ts";
import { EventStreamViewer } from "./sockets/event-stream.ts";
import { WebSocketViewer } from "./sockets/web-socket.ts";

/** Tells viewers what is going on. */
export interface Live {
  /**
   * Begins a live session on an open WebSocket. Who may have one was decided
   * before. Its server should limit messages to `MAX_VIEWER_MESSAGE` (ws:
   * `maxPayload`) and must not compress.
   */
  accept(socket: WebSocket, principal: Principal): void;
  /**
   * Begins a live session on a response whose headers are written, of type
   * `text/event-stream`. What the viewer says comes by other requests and is handed to `hear`.
   */
  acceptStream(response: ServerResponse, principal: Principal): LiveStream;
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

/** A live session over server-sent events. */
export interface LiveStream {
  /** What its client was told to speak to; not to be guessed. */
  readonly id: string;
  /** The viewer said something. */
  hear(text: string): void;
  /** Ends it, with a close code as of a WebSocket. */
  close(code: number, reason: string): void;
}

/** Makes the live sessions of a hub. */
export function createLive(options: LiveOptions): Live {
  const sessions = new Sessions(options);
  return {
    accept: (socket, principal) => sessions.accept(new WebSocketViewer(socket), principal),
    acceptStream(response, principal) {
      const id = randomBytes(18).toString("base64url");
      const viewer = new EventStreamViewer(response, id);
      sessions.accept(viewer, principal);
      return { id, hear: (text) => viewer.hear(text), close: (code, reason) => viewer.close(code, reason) };
    },
    tick: (at) => sessions.tick(at),
    stats: () => sessions.stats(),
    close: () => sessions.close(),
  };
}
