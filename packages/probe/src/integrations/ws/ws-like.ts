import type { ListenerLike } from "../listening.ts";

/** The parts of a `ws` socket that are used. */
export interface WsSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  emit(type: string | symbol, ...args: unknown[]): boolean;
  send(data: unknown, options?: unknown, callback?: unknown): void;
  ping(data?: unknown, mask?: unknown, callback?: unknown): void;
  close(code: number, reason: string): void;
  terminate(): void;
  /** The stream below; private, so it may be absent one day. */
  readonly _socket?: { readonly remoteAddress?: unknown } | null;
  /** Number of its connection record while it is watched; -1 when there was no record left. */
  [SLOT]?: number;
}

/** The parts of a `ws` server that are used. */
export interface WsServer {
  /** Open sockets; `undefined` when the application switched `clientTracking` off. */
  readonly clients: Set<WsSocket> | undefined;
  readonly options: WsServerOptions;
  address(): { readonly port: number } | string | null;
  handleUpgrade(request: unknown, socket: RawSocket, head: unknown, callback: unknown): void;
}

/** The options of a `ws` server that are told. */
interface WsServerOptions {
  readonly port?: unknown;
  readonly noServer?: unknown;
  /** The HTTP server it was attached to. */
  readonly server?: ListenerLike | null;
  readonly path?: unknown;
  readonly maxPayload?: unknown;
  readonly perMessageDeflate?: unknown;
}

/** The stream under a handshake. */
export interface RawSocket {
  readonly destroyed?: boolean;
  end(...args: unknown[]): unknown;
}

/** Marks a watched socket. Shared by every copy of this package, so that none counts what another counts. */
export const SLOT: unique symbol = Symbol.for("wsight.ws.slot.v1");

/** `readyState` of a socket that can send. */
export const OPEN = 1;
/** `readyState` of a socket that is gone. */
export const CLOSED = 3;

/** Recognises a `ws` server: nothing else has `shouldHandle` beside `handleUpgrade` and `options`. */
export function isWsServer(target: unknown): target is WsServer & object {
  if (typeof target !== "object" || target === null) return false;
  const { handleUpgrade, shouldHandle, on, options, clients } = target as Record<string, unknown>;
  if (typeof handleUpgrade !== "function" || typeof shouldHandle !== "function" || typeof on !== "function") {
    return false;
  }
  if (typeof options !== "object" || options === null) return false;
  return clients instanceof Set || (options as { clientTracking?: unknown }).clientTracking === false;
}
