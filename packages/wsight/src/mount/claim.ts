import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { behind, cover, uncover } from "@wsight/probe";
import { mountedPath, WsightError } from "@wsight/protocol";
import { coverUpgradeTurn } from "./upgrade-turn.ts";

/** The one path that an application is likely to have too. */
const SOCKET_IO = /^\/socket\.io(?:[/?]|$)/;

/** Who gets what is ours. `target` is path and query as the hub knows them. */
export interface Claimant {
  readonly request: (request: IncomingMessage, response: ServerResponse, target: string) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, target: string) => void;
  /** After the application's own listeners. */
  readonly listening: () => void;
}

/**
 * Takes the requests for our paths out of what a server tells its listeners:
 * one own `emit` in front of the server's. Every other event goes on as it
 * was, so the application's listeners stay what they are, in their order and
 * number, also when they are exchanged later (as Socket.IO does).
 * @param mount `/`, or a path without a slash at its end
 * @param isTheirs whether the application has a Socket.IO of its own, which keeps `/socket.io/`; asked each time
 * @returns how to end it
 * @throws WsightError `BAD_OPTION` for a server whose `emit` can't be covered
 */
export function claimPaths(server: Server, mount: string, isTheirs: () => boolean, claimant: Claimant): () => void {
  const before = Object.getOwnPropertyDescriptor(server, "emit");
  const mine = (url = ""): string | null => {
    const target = ownTarget(mount, url);
    return target !== null && mount === "/" && SOCKET_IO.test(url) && isTheirs() ? null : target;
  };

  function claims(event: unknown, args: unknown[]): boolean {
    if (event !== "request" && event !== "upgrade" && event !== "checkContinue") return false;
    const request = args[1] as IncomingMessage;
    const target = mine(request.url);
    if (target === null) return false;
    const answer = args[2] as ServerResponse | Duplex;
    try {
      take(event, request, target, answer, args[3] as Buffer);
    } catch {
      // What can't be written anew (a header that only a lenient parser takes) is no business of the application.
      answer.destroy();
    }
    return true;
  }

  function take(
    event: string,
    request: IncomingMessage,
    target: string,
    answer: ServerResponse | Duplex,
    head: Buffer,
  ): void {
    if (event === "upgrade") claimant.upgrade(request, answer as Duplex, head, target);
    else {
      const response = answer as ServerResponse;
      if (event === "checkContinue") response.writeContinue();
      claimant.request(request, response, target);
    }
  }

  function emit(this: Server, ...args: unknown[]): unknown {
    const event = args[0];
    if (claims(event, args)) return true;
    const told: unknown = Reflect.apply(behind(server, "emit", before), this, args);
    if (event === "listening") claimant.listening();
    return told;
  }

  if (!cover(server, "emit", emit))
    throw new WsightError("BAD_OPTION", "server: expected a server whose emit can be covered, got a frozen one");
  const endTurn = coverUpgradeTurn(server, (url) => mine(url) !== null);
  return () => {
    endTurn();
    uncover(server, "emit", emit, before);
  };
}

function ownTarget(mount: string, url: string): string | null {
  const mark = url.indexOf("?");
  if (mark < 0) return mountedPath(mount, url);
  const path = mountedPath(mount, url.slice(0, mark));
  return path === null ? null : path + url.slice(mark);
}
