import type { Selector } from "@wsight/protocol";

const DURATION = "websocket.server.connection.duration";
/** Lives are rarer than messages: looked at over the whole live history, seconds. */
const LIVES_WINDOW_S = 900;

/** Open connections of all nodes in view. */
export const ACTIVE: Selector = { metric: "websocket.server.active_connections", agg: "last" };

/** Every series of the page that does not depend on which nodes there are. */
export const SERIES: Readonly<Record<"active" | "opened" | "refused" | "closed" | "median" | "p95", Selector>> = {
  active: ACTIVE,
  opened: { metric: "websocket.server.connections", agg: "rate" },
  refused: { metric: "websocket.server.handshake.rejections", agg: "rate" },
  closed: { metric: "websocket.server.closes", agg: "rate" },
  median: { metric: DURATION, agg: "p50", window: LIVES_WINDOW_S },
  p95: { metric: DURATION, agg: "p95", window: LIVES_WINDOW_S },
};

/** Open connections of one node. */
export function activeOf(node: string): Selector {
  return { ...ACTIVE, node };
}
