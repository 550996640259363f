import type { ConnectionList, NodeConnection } from "../src/pages/connections/hub-api.ts";

/** An open connection of the node `app/a`; higher numbers are younger. */
export function rowOf(connection: number, change: Partial<NodeConnection> = {}): NodeConnection {
  return {
    node: "app/a",
    connection,
    id: `c${connection}`,
    library: "ws",
    server: "/",
    transport: "websocket",
    user: null,
    channel: null,
    namespaces: [],
    rooms: [],
    roomCount: 0,
    openedAt: 1_700_000_000_000 + connection * 1000,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    inRate: 0,
    outRate: 0,
    bufferedBytes: 0,
    bufferedHighBytes: 0,
    rttMs: null,
    lastInAt: null,
    lastOutAt: null,
    state: "open",
    ...change,
  };
}

/** What the hub answers with these rows of a list of `matched`. */
export function answerOf(rows: readonly NodeConnection[], matched: number, at: number): ConnectionList {
  return { at, open: matched, matched, rows, nodes: [{ node: "app/a", open: matched, matched, error: null }] };
}
