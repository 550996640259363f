import type { IncomingMessage, ServerResponse } from "node:http";
import type { WebSocket } from "ws";
import type { Credential } from "../access/authenticate.ts";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import type { Principal, Role } from "../access/principal.ts";
import type { Client } from "./client.ts";

/**
 * `open` needs no principal; else the least role that may call: `user` takes all but probes, `writer` takes probes and
 * administrators.
 */
export type Access = "open" | Role | "writer";

/** A request that has passed every guard. */
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** `null` on open routes, where nobody is asked. */
  readonly principal: Principal | null;
  /** Which session it came with, `null` for none; see `Sessions.end`. */
  readonly sessionId: string | null;
  /** When its credential ends, ms epoch; `null` when not known. */
  readonly expiresAt: number | null;
  /** Parsed JSON body of a write; `undefined` when there was none. */
  readonly body: unknown;
  readonly raw: IncomingMessage;
  /** Where it comes from. */
  readonly client: Client;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** What a handler answers: JSON unless `bytes` or `stream` is given. */
export interface RouteReply {
  /** @default 200 */
  readonly status?: number;
  readonly json?: unknown;
  readonly bytes?: { readonly type: string; readonly body: Uint8Array | string };
  /** Takes the response over, its headers written, to send for as long as both sides like. */
  readonly stream?: (response: ServerResponse) => void;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One parameter of a query string, for the OpenAPI page. */
interface QueryParameter {
  readonly name: string;
  readonly summary: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** One line of the route table. A handler throws `WsightError` to refuse. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path under the mount, `:name` for a parameter, a trailing `*` for the rest. A slash at the end of a request is ignored. */
  readonly path: string;
  readonly access: Access;
  /** For the OpenAPI page and for people. */
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  /** Status of a request that went well, for the OpenAPI page. @default 200 */
  readonly answers?: number;
  /** Further statuses that it may refuse with, for the OpenAPI page. */
  readonly refuses?: readonly (404 | 409 | 412 | 428 | 503)[];
  /** Schema of the JSON body of a write, for the OpenAPI page. @default it says nothing of one */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The body of a POST is a form instead of JSON: its fields are added to `query`. @default false */
  readonly takesForm?: boolean;
  /** Largest body of a write. @default 65_536 */
  readonly maxBodyBytes?: number;
  readonly handle: (request: RouteRequest) => RouteReply | Promise<RouteReply>;
  /** Told before somebody who is signed in, but may not call, is refused. Must not throw. */
  readonly onRefused?: (request: Pick<RouteRequest, "params" | "principal">) => Promise<void>;
}

/** One line of the upgrade table: a path that speaks WebSocket. */
export interface UpgradeRoute {
  readonly path: string;
  readonly access: Exclude<Access, "open">;
  readonly summary: string;
  /** Largest message that is taken, in bytes. */
  readonly maxPayload: number;
  /** How many there may be at once; counted by address and by subject. */
  readonly limit: ConnectionLimit;
  /** Takes over a socket whose request has passed every guard. */
  readonly accept: (socket: WebSocket, credential: Credential, query: URLSearchParams) => void;
}
