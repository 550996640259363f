import type { ConnectionDetail } from "@wsight/protocol";

/** A socket of a connection in one namespace, as its library keeps it. */
export interface JoinedSocket {
  readonly id: string;
  readonly nsp: {
    readonly name: string;
    readonly adapter: { readonly sids: ReadonlyMap<unknown, ReadonlySet<unknown>> };
  };
}

/** The handshake of a connection, nothing secret in it. */
export type Handshake = ConnectionDetail["handshake"];

/**
 * One look at the open connections of one target: taken while somebody asks,
 * from the library's own state, and dropped soon after. Connections are the
 * library's own objects; nobody but their source looks into them.
 */
export interface ConnectionLook {
  /**
   * Walks the open connections. Gives `null` where there was work without a
   * connection, so that whoever walks may pause; connections may come and go meanwhile.
   */
  readonly walk: () => Iterable<object | null>;
  /** Row of its record; -1 when it has none. */
  readonly slotOf: (connection: object) => number;
  readonly transportOf: (connection: object) => string;
  /** Bytes that wait in its send buffer now. */
  readonly bufferedBytes: (connection: object) => number;
  readonly isClosing: (connection: object) => boolean;
  /** What the library, or the application, calls it; `null` when it has no name. */
  readonly idOf: (connection: object) => string | null;
  /** Its sockets in namespaces; empty where the library has none. */
  readonly socketsOf: (connection: object) => readonly JoinedSocket[];
  readonly handshakeOf: (connection: object) => Handshake;
  /** Ends it in good order, in the end by force. `null` where nobody can. */
  readonly disconnect: ((connection: object) => void) | null;
}

/** What an integration gives so that its open connections can be listed; costs nothing until somebody looks. */
export interface ConnectionSource {
  /** As in {@link ConnectionLook}'s rows: the library as people know it. */
  readonly library: string;
  /** The `ws.server` label of its series. */
  readonly server: string;
  /** False when figures of single messages are not known, so that silence says nothing. */
  readonly countsMessages: boolean;
  readonly look: () => ConnectionLook;
}
