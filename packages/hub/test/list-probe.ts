import { type ConnectionQuery, type ConnectionRow, compareConnections, type RequestFrame } from "@wsight/protocol";

/** A connection with what matters to a test. */
export function makeRow(connection: number, given: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    connection,
    id: `#${connection}`,
    library: "ws",
    server: "main",
    transport: "websocket",
    user: null,
    channel: null,
    namespaces: [],
    rooms: [],
    roomCount: 0,
    openedAt: 1_790_000_000_000 + connection,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    inRate: null,
    outRate: null,
    bufferedBytes: 0,
    bufferedHighBytes: 0,
    rttMs: null,
    lastInAt: null,
    lastOutAt: null,
    state: "open",
    ...given,
  };
}

/** What a process with these connections answers: as the protocol says, by the words of the search alone. */
export function answerWith(rows: readonly ConnectionRow[], { ask }: RequestFrame): unknown {
  if (ask.kind === "connections") return pageOf(rows, ask.query);
  if (ask.kind === "connection") return { at: 1, row: rows[0] ?? makeRow(0), sockets: [], handshake: null };
  return { disconnected: true };
}

function pageOf(rows: readonly ConnectionRow[], query: ConnectionQuery): unknown {
  const { filter, sort, descending, offset, limit } = query;
  const matching = rows.filter(({ id }) => filter.text.every((word) => id.includes(word)));
  const sorted = matching.toSorted(compareConnections(sort, descending));
  return { at: 1, open: rows.length, matched: matching.length, rows: sorted.slice(offset, offset + limit) };
}
