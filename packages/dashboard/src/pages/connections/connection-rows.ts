import { type ConnectionSort, compareConnections, WsightError } from "@wsight/protocol";
import type { Order, RowKind } from "../../lists/row-book.ts";
import { type PageParts, RowFeed } from "../../lists/row-feed.ts";
import type { ConnectionList, ConnectionsApi, ListQuery, NodeConnection } from "./hub-api.ts";

/** What connections are ordered by. */
export type ConnectionOrder = Order<ConnectionSort>;

/** Orders whose figure does not change while a connection is open. */
const STEADY: ReadonlySet<ConnectionSort> = new Set(["opened", "id", "user"]);

/** The rows of the list of connections. */
export const CONNECTION_ROWS: RowKind<NodeConnection, ConnectionSort, ConnectionList> = {
  keyOf: ({ node, connection }) => `${node}/${connection}`,
  bornAt: ({ openedAt }) => openedAt,
  // Equals are in an order of the hub's own, so that of them nothing is said.
  steady: ({ sort, descending }) => (STEADY.has(sort) ? compareConnections(sort, descending, () => 0) : null),
  // A connection that leaves a namespace is called otherwise from then on, often right before it ends, and would look
  // like another one that took the place.
  renewed: ({ id, user }, row) => ({ ...row, id, user: row.user ?? user }),
  tellsOf: ({ nodes }, { node }) => !nodes.some((asked) => asked.node === node && asked.error !== null),
};

/** Keeps connections on screen current. */
export type ConnectionFeed = RowFeed<NodeConnection, ListQuery, ConnectionList>;

/** What a {@link ConnectionFeed} works with. */
interface ConnectionFeedParts extends PageParts {
  readonly api: Pick<ConnectionsApi, "list">;
}

/** Makes one; it asks once it is told what for. */
export function createConnectionFeed({ api, ...parts }: ConnectionFeedParts): ConnectionFeed {
  return new RowFeed({
    ...parts,
    kind: CONNECTION_ROWS,
    list: async (query, window, signal) => {
      const answer = await api.list(query, window, signal);
      throwIfNobody(answer);
      return answer;
    },
  });
}

/** An answer that no node had a part in says nothing, and not that there are no connections. */
function throwIfNobody({ nodes }: ConnectionList): void {
  const [first] = nodes;
  if (first === undefined || nodes.some(({ error }) => error === null)) return;
  const who = nodes.length === 1 ? first.node : `${nodes.length} nodes`;
  throw new WsightError("NODE_AWAY", `${who} did not answer: ${first.error}`);
}
