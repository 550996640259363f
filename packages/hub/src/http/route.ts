import type { IncomingMessage } from "node:http";
import type { Principal, Role } from "../access/principal.ts";

/** `open` needs no principal; else the least role that may call. */
export type Access = "open" | Extract<Role, "admin" | "viewer">;

/** A request that has passed every guard. */
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** `null` on open routes when nobody is signed in. */
  readonly principal: Principal | null;
  /** Parsed JSON body of a write; `undefined` when there was none. */
  readonly body: unknown;
  readonly raw: IncomingMessage;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** What a handler answers: JSON unless `bytes` is given. */
export interface RouteReply {
  readonly status?: number;
  readonly json?: unknown;
  readonly bytes?: { readonly type: string; readonly body: Uint8Array | string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** One line of the route table. A handler throws `WsightError` to refuse. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path under the mount, `:name` for a parameter, a trailing `*` for the rest. */
  readonly path: string;
  readonly access: Access;
  /** For the OpenAPI page and for people. */
  readonly summary: string;
  readonly handle: (request: RouteRequest) => RouteReply | Promise<RouteReply>;
}
