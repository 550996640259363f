import {
  asFields,
  asList,
  asNumber,
  type ConnectionDetail,
  type ConnectionRow,
  type ConnectionSort,
  WsightError,
} from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";
import { readReply } from "../../connection/session-api.ts";

/** A connection and the node it is on. */
export type NodeConnection = ConnectionRow & { readonly node: string };
/** One connection looked at closely. */
export type NodeConnectionDetail = ConnectionDetail & { readonly node: string };

/** How one node answered. */
export interface NodeAnswer {
  readonly node: string;
  /** `null` when it did not. */
  readonly open: number | null;
  readonly matched: number | null;
  /** Why it did not. */
  readonly error: string | null;
}

/** One page of the list of all nodes. */
export interface ConnectionList {
  readonly at: number;
  readonly open: number;
  readonly matched: number;
  readonly rows: readonly NodeConnection[];
  readonly nodes: readonly NodeAnswer[];
}

/** Which list is asked for. */
export interface ListQuery {
  readonly search: string;
  readonly sort: ConnectionSort;
  readonly descending: boolean;
  /** `service/instance`, `null` for all. */
  readonly node: string | null;
}

/** What an administrator did. */
export interface AuditEntry {
  readonly at: number;
  readonly sub: string;
  readonly role: string;
  readonly action: string;
  readonly target: string;
  /** `done`, `refused` or `failed`. */
  readonly outcome: string;
  readonly detail: string | null;
}

/** Which connection is meant. */
export interface ConnectionName {
  /** `service/instance` */
  readonly node: string;
  readonly connection: number;
}

/** Questions about connections. All throw `WsightError`; `INTERNAL` when nobody answered. */
export interface ConnectionsApi {
  list(query: ListQuery, page: { offset: number; limit: number }, signal: AbortSignal): Promise<ConnectionList>;
  detail(name: ConnectionName, signal: AbortSignal): Promise<NodeConnectionDetail>;
  /** Ends a connection; for administrators. */
  disconnect(name: ConnectionName): Promise<void>;
  /** The newest acts of administrators; for administrators. */
  audit(limit: number, signal: AbortSignal): Promise<readonly AuditEntry[]>;
}

const BAD = "BAD_FRAME";

/** Speaks to the hub whose dashboard is at `base`. */
export function createConnectionsApi(base: URL, fetchLike: FetchLike): ConnectionsApi {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;

  async function ask(method: "GET" | "DELETE", path: string, signal?: AbortSignal): Promise<unknown> {
    const url = new URL(`../api/${path}`, folder);
    let response: Response;
    try {
      response = await fetchLike(url.href, {
        method,
        cache: "no-store",
        credentials: "same-origin",
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw new WsightError("INTERNAL", "The hub did not answer", { cause });
    }
    return readReply(response);
  }

  return {
    async list({ search, sort, descending, node }, { offset, limit }, signal) {
      const query = new URLSearchParams({
        q: search,
        sort,
        order: descending ? "desc" : "asc",
        offset: String(offset),
        limit: String(limit),
        ...(node === null ? {} : { node }),
      });
      return readList(await ask("GET", `connections?${query}`, signal));
    },
    async detail(name, signal) {
      const fields = asFields(BAD, "connection", await ask("GET", pathOf(name), signal));
      asFields(BAD, "row", fields.row);
      asList(BAD, "sockets", fields.sockets, 1000);
      return fields as unknown as NodeConnectionDetail;
    },
    async disconnect(name) {
      await ask("DELETE", pathOf(name));
    },
    async audit(limit, signal) {
      const fields = asFields(BAD, "audit", await ask("GET", `audit?limit=${limit}`, signal));
      return readRows<AuditEntry>("entries", fields.entries);
    },
  };
}

function pathOf({ node, connection }: ConnectionName): string {
  const slash = node.indexOf("/");
  const words = [node.slice(0, slash), node.slice(slash + 1), String(connection)];
  return `connections/${words.map(encodeURIComponent).join("/")}`;
}

/** Rows are looked at down to their outer shape only: the hub has parsed them. */
function readList(value: unknown): ConnectionList {
  const fields = asFields(BAD, "connections", value);
  return {
    at: asNumber(BAD, "at", fields.at, 0),
    open: asNumber(BAD, "open", fields.open, 0),
    matched: asNumber(BAD, "matched", fields.matched, 0),
    rows: readRows<NodeConnection>("rows", fields.rows),
    nodes: readRows<NodeAnswer>("nodes", fields.nodes),
  };
}

function readRows<Row>(where: string, value: unknown): readonly Row[] {
  const rows = asList(BAD, where, value, 1000);
  for (const row of rows) asFields(BAD, where, row);
  return rows as readonly Row[];
}
