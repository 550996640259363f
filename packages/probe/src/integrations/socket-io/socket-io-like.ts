import type { ListenerLike } from "../listening.ts";

/** How packets look on the wire: the default parser's, `socket.io-msgpack-parser`'s, or unknown. */
export type WireFormat = "text" | "msgpack" | "opaque";

/** A packet of Engine.IO, the layer below Socket.IO. */
export interface EnginePacket {
  readonly type: string;
  readonly data?: unknown;
}

/** The parts of an Engine.IO socket that are used: one of these is one connection. */
export interface EngineSocket {
  readonly readyState: string;
  readonly transport: {
    readonly name: string;
    readonly socket?: { readonly bufferedAmount?: unknown };
  };
  readonly writeBuffer: readonly EnginePacket[];
  /** The request that opened it. */
  readonly request?: { readonly url?: unknown; readonly headers?: Readonly<Record<string, unknown>> };
  readonly remoteAddress?: unknown;
  /** Closes when what waits is sent; with `discard` at once. */
  close(discard?: boolean): void;
  emit(type: string | symbol, ...args: unknown[]): boolean;
}

/** The parts of an Engine.IO server that are used. */
export interface EngineServer {
  readonly clients: Readonly<Record<string, EngineSocket>>;
  readonly clientsCount: number;
  readonly opts?: {
    readonly transports?: unknown;
    readonly maxHttpBufferSize?: unknown;
    readonly pingInterval?: unknown;
    readonly pingTimeout?: unknown;
  };
  prependListener(type: string, listener: (...args: never[]) => void): unknown;
  removeListener(type: string, listener: (...args: never[]) => void): unknown;
}

/** What a broadcast is aimed at. */
export interface BroadcastOptions {
  readonly rooms: ReadonlySet<unknown>;
  readonly except?: ReadonlySet<unknown>;
}

/** The parts of an adapter that are used. */
export interface Adapter {
  readonly rooms: ReadonlyMap<unknown, ReadonlySet<unknown>>;
  readonly sids: ReadonlyMap<unknown, ReadonlySet<unknown>>;
  readonly broadcast: (packet: unknown, options: BroadcastOptions) => unknown;
  readonly broadcastWithAck?: (...args: unknown[]) => unknown;
}

/** The parts of a namespace's socket that are used. */
export interface NamespaceSocket {
  readonly id: string;
  readonly nsp: Namespace;
  readonly server: SocketIoServer;
  readonly conn: EngineSocket;
  readonly recovered?: boolean;
  /** Modifiers of the next `emit`. */
  readonly flags?: { readonly timeout?: unknown };
  disconnect(close: boolean): unknown;
}

/** The parts of a namespace that are used. */
export interface Namespace {
  readonly name: string;
  readonly adapter: Adapter;
  readonly sockets: ReadonlyMap<string, NamespaceSocket>;
  /** Sockets whose middlewares still run; absent in early 4.x. */
  readonly _preConnectSockets?: ReadonlyMap<string, unknown>;
  readonly emitReserved?: (event: string, ...args: unknown[]) => boolean;
}

/** The parts of a Socket.IO server that are used. */
export interface SocketIoServer {
  readonly sockets: Namespace;
  /** Absent until the server is attached to an HTTP server or listens. */
  readonly engine?: EngineServer;
  readonly encoder?: { readonly encode?: (packet: unknown) => unknown };
  readonly opts?: { readonly connectionStateRecovery?: unknown };
  /** Every namespace; private, so it may be absent one day. */
  readonly _nsps?: ReadonlyMap<string, Namespace>;
  bind(engine: EngineServer): unknown;
  /** The HTTP server it was attached to; private in early 4.x. */
  readonly httpServer?: ListenerLike;
  /** The path of Engine.IO. */
  path?(): unknown;
}

/** Recognises a Socket.IO server, version 4. */
export function isSocketIoServer(target: unknown): target is SocketIoServer & object {
  if (typeof target !== "object" || target === null) return false;
  const { of, attach, bind, sockets } = target as Record<string, unknown>;
  if (typeof of !== "function" || typeof attach !== "function" || typeof bind !== "function") return false;
  if (typeof sockets !== "object" || sockets === null) return false;
  const { adapter, sockets: members } = sockets as { adapter?: unknown; sockets?: unknown };
  return typeof adapter === "object" && adapter !== null && members instanceof Map;
}
