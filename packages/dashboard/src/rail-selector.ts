import type { Selector } from "@wsight/protocol";

/** The series of the time rail. */
export const RAIL_SELECTOR: Selector = { metric: "websocket.server.active_connections", agg: "last" };
