import type { IncomingMessage, Server } from "node:http";
import { behind, cover, uncover } from "@wsight/probe";

/**
 * Node hands an upgrade to the listeners of `upgrade` when the server has
 * some, and treats it as an ordinary request, body and all, when it has none:
 * for each request it asks `server.listenerCount("upgrade")`. A listener of
 * ours would change that for every request of an application without one. So
 * the answer is covered instead: one more while Node asks about a request that
 * is ours. Which request that is, the server's own class of requests tells
 * when Node makes one. Where Node keeps that elsewhere nothing is covered, and
 * live views of such an application come by event stream.
 * @param claims whether a request's target is ours
 * @returns how to end it
 */
export function coverUpgradeTurn(server: Server, claims: (url: string) => boolean): () => void {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === "IncomingMessage");
  const Made: unknown = key === undefined ? undefined : Reflect.get(server, key);
  if (key === undefined || typeof Made !== "function") return () => undefined;
  const madeBefore = Object.getOwnPropertyDescriptor(server, key);
  const countBefore = Object.getOwnPropertyDescriptor(server, "listenerCount");
  let newest: (IncomingMessage & { readonly upgrade?: boolean }) | null = null;

  function RememberedMessage(...args: unknown[]): unknown {
    newest = Reflect.construct(Made as new (...args: unknown[]) => IncomingMessage, args);
    return newest;
  }

  /** Once asked about, a request is not asked about again. */
  function isOurTurn(): boolean {
    const request = newest;
    newest = null;
    if (request?.upgrade !== true || request.headers.upgrade?.toLowerCase() !== "websocket") return false;
    return claims(request.url ?? "");
  }

  function listenerCount(this: Server, ...args: unknown[]): unknown {
    const count: unknown = Reflect.apply(behind(server, "listenerCount", countBefore), this, args);
    return args[0] === "upgrade" && count === 0 && isOurTurn() ? 1 : count;
  }

  if (!cover(server, key, RememberedMessage)) return () => undefined;
  cover(server, "listenerCount", listenerCount);
  return () => {
    uncover(server, "listenerCount", listenerCount, countBefore);
    uncover(server, key, RememberedMessage, madeBefore);
  };
}
