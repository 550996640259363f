import type { ServerResponse } from "node:http";
import { WsightError } from "@wsight/protocol";
import { addressKey } from "../../access/address.ts";
import type { ConnectionLimit } from "../../access/connection-limit.ts";
import type { OriginCheck } from "../../access/guards.ts";
import type { Principal } from "../../access/principal.ts";
import type { Live, LiveStream } from "../../live/live.ts";
import type { RouteReply, RouteRequest } from "../route.ts";
import { CLOSE_SIGNED_OUT } from "../upgrades.ts";

/** Proxies that gather or change what passes would hold the stream up. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  connection: "close",
};

/** The live sessions over server-sent events, and whose they are. */
export interface LiveStreams {
  /** @throws WsightError `BAD_ORIGIN`, `TOO_MANY_CONNECTIONS` */
  open(request: RouteRequest): RouteReply;
  /** Hands on what a viewer said. @throws WsightError `NOT_FOUND`, also for a session of somebody else */
  say(request: RouteRequest): RouteReply;
  /** Closes sessions whose credential ended before `at`, ms epoch. */
  sweep(at: number): void;
  /** Closes the live sessions of a signed-in session. */
  closeSession(sessionId: string): void;
}

/** What streams are made from. */
export interface LiveStreamsParts {
  readonly live: Pick<Live, "acceptStream">;
  /** Shared with the live sessions over WebSockets. */
  readonly limit: ConnectionLimit;
  readonly origins: OriginCheck;
}

type Owner = Pick<RouteRequest, "sessionId" | "expiresAt"> & { readonly principal: Principal };

/** Keeps the open streams, under the limit and the checks that WebSockets have too. */
export function createLiveStreams({ live, limit, origins }: LiveStreamsParts): LiveStreams {
  const open = new Map<string, { readonly stream: LiveStream; readonly owner: Owner }>();

  function begin(response: ServerResponse, owner: Owner): void {
    const stream = live.acceptStream(response, owner.principal);
    open.set(stream.id, { stream, owner });
    response.once("close", () => open.delete(stream.id));
  }

  function closeWhere(ended: (owner: Owner) => boolean): void {
    for (const { stream, owner } of open.values()) if (ended(owner)) stream.close(CLOSE_SIGNED_OUT, "Signed out");
  }

  return {
    open({ raw, client, signal, principal, sessionId, expiresAt }) {
      // Browsers name the page's origin on requests across origins, and a page of another site may not even listen.
      origins.check(raw.headers);
      if (principal === null) throw new WsightError("UNAUTHENTICATED");
      if (raw.method === "HEAD") return { status: 200, headers: HEADERS };
      const leave = limit.enter([`address ${addressKey(client.address)}`, `sub ${principal.sub}`]);
      if (leave === null) throw new WsightError("TOO_MANY_CONNECTIONS");
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
      return { headers: HEADERS, stream: (response) => begin(response, { principal, sessionId, expiresAt }) };
    },
    say({ params, principal, sessionId, body }) {
      const { stream, owner } = open.get(params.session ?? "") ?? {};
      if (stream === undefined || owner?.principal.sub !== principal?.sub || owner?.sessionId !== sessionId)
        throw new WsightError("NOT_FOUND", "session: expected the live session that this client opened, and is open");
      stream.hear(JSON.stringify(body ?? null));
      return { status: 204 };
    },
    sweep: (at) => closeWhere(({ expiresAt }) => expiresAt !== null && expiresAt <= at),
    closeSession: (id) => closeWhere(({ sessionId }) => sessionId === id),
  };
}
