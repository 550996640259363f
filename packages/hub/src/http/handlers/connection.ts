import { expected, WsightError } from "@wsight/protocol";
import type { Asks } from "../../asks.ts";
import type { Audit, AuditEntry } from "../../audit.ts";
import type { CurrentView } from "../../current-view.ts";
import { readInteger } from "../query.ts";
import type { Route, RouteRequest } from "../route.ts";

const PATH = "/api/connections/:service/:instance/:connection";
/** A process whose event loop is held up still gets to end a connection, ms. */
const DISCONNECT_MS = 2000;

/** What is asked of a single connection. */
export interface ConnectionParts {
  readonly asks: Pick<Asks, "ask">;
  readonly current: Pick<CurrentView, "nodes">;
}

/** One connection looked at closely. */
export function connectionRoute({ asks, current }: ConnectionParts): Route {
  return {
    method: "GET",
    path: PATH,
    access: "viewer",
    summary: "One connection: its sockets, rooms and redacted handshake",
    handle: async ({ params, signal }) => {
      const { node, connection } = readTarget(current, params);
      const detail = await asks.ask(node, { kind: "connection", connection }, { signal });
      return { json: { ...detail, node } };
    },
  };
}

/** Ends one connection. Whatever comes of it is written to the audit before it is answered. */
export function disconnectRoute({ asks, current, audit }: ConnectionParts & { readonly audit: Audit }): Route {
  const note = (
    { params, principal }: Pick<RouteRequest, "params" | "principal">,
    outcome: AuditEntry["outcome"],
    detail: string | null,
  ): Promise<void> => {
    const target = `${params.service}/${params.instance}/${params.connection}`;
    const { sub = "", role = "" } = principal ?? {};
    return audit.record({ sub, role, action: "disconnect", target, outcome, detail });
  };
  return {
    method: "DELETE",
    path: PATH,
    access: "admin",
    summary: "Disconnect one connection; audited",
    onRefused: (request) => note(request, "refused", null),
    handle: async (request) => {
      const { node, connection } = readTarget(current, request.params);
      try {
        const reply = await asks.ask(node, { kind: "disconnect", connection }, { deadlineMs: DISCONNECT_MS });
        await note(request, "done", null);
        return { json: reply };
      } catch (error) {
        await note(request, "failed", error instanceof WsightError ? error.message : "The hub failed");
        throw error;
      }
    },
  };
}

/** @throws WsightError `NOT_FOUND` for a node that is not known, `BAD_REQUEST` for a connection that is no number */
function readTarget(
  current: ConnectionParts["current"],
  { service, instance, connection = "" }: RouteRequest["params"],
): { readonly node: string; readonly connection: number } {
  const node = `${service}/${instance}`;
  const number = readInteger("connection", connection, 0, Number.MAX_SAFE_INTEGER, 0);
  if (current.nodes().some((known) => known.node === node)) return { node, connection: number };
  throw expected("NOT_FOUND", "node", "one of /api/nodes", node);
}
