import type { Backfill, Tick, WsightError } from "@wsight/protocol";
import type { Attention, Clock } from "./environment.ts";
import type { HubMessageOf } from "./hub-messages.ts";
import type { Column, SubscriptionRequest } from "./session.ts";
import type { SessionApi } from "./session-api.ts";
import type { Socket, SocketFactory, SocketHandlers } from "./socket.ts";
import type { WebSocketTrial } from "./websocket-trial.ts";

/** What a connection needs from the page, and tells it. Nothing here may throw. */
export interface ConnectionSink {
  /** What to subscribe to, as of now. */
  request(): SubscriptionRequest;
  /** Phase, principal, attempt or retry time changed. */
  changed(): void;
  welcome(message: HubMessageOf<"welcome">): void;
  /** @param wanted false while the newest subscription is not answered yet */
  tick(tick: Tick, columns: readonly Column[], wanted: boolean): void;
  /** @param wanted as for ticks */
  backfill(backfill: Backfill, columns: readonly Column[], wanted: boolean): void;
  table(message: HubMessageOf<"table">): void;
  tail(message: HubMessageOf<"tail">): void;
  /** Bytes came in. */
  received(bytes: number): void;
  /** The tab was hidden for a while and is seen again: a backfill was asked for. */
  returned(): void;
  /** Something went wrong that nobody waits for. */
  fault(error: WsightError): void;
}

/** What a page needs where WebSockets do not get through. */
export interface Fallback {
  readonly streams: SocketFactory;
  /** Tries a WebSocket beside the stream; see `WebSocketTrial`. */
  readonly createTrial: (
    open: (handlers: SocketHandlers) => Socket,
    won: (socket: Socket) => SocketHandlers,
  ) => WebSocketTrial;
}

/** What a connection is made of. */
export interface ConnectionParts {
  /** Where WebSockets go, and what makes them. */
  readonly url: URL;
  readonly sockets: SocketFactory;
  /** Where server-sent events come from, and what is needed for them; fetched when it is first needed. */
  readonly streamUrl: URL;
  readonly fallback: () => Promise<Fallback>;
  readonly api: SessionApi;
  readonly clock: Clock;
  readonly attention: Attention;
  readonly sink: ConnectionSink;
  /** Code of a one-time link to trade first, or `null`. */
  readonly code: string | null;
  /** The code was answered, whether taken or refused. */
  readonly codeSpent: () => void;
}
