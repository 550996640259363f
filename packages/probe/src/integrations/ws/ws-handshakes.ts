import { Buffer } from "node:buffer";
import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import type { RawSocket, WsServer, WsSocket } from "./ws-like.ts";
import type { WsSeries } from "./ws-series.ts";

/** One upgrade request on its way to an answer. */
interface Attempt {
  readonly request: unknown;
  readonly raw: RawSocket;
  readonly beganAt: number;
  readonly undo: () => void;
}

/** What a handshake watch tells of accepted sockets. */
export interface HandshakeEvents {
  /** Before the application hears of the socket. */
  readonly accepted: (socket: WsSocket) => unknown;
  /** After the application's own connection handlers ran. */
  readonly introduced: (socket: WsSocket, request: unknown) => void;
}

/** A watched `handleUpgrade`. */
export interface HandshakeWatch {
  /** False when the method could not be covered. */
  readonly watching: boolean;
  /** False after ten faults: new sockets are only found by looking for them. */
  readonly measuring: () => boolean;
  /** Settles attempts whose client went away; call it once in a while. */
  readonly sweep: () => void;
  readonly end: () => void;
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})/;

/**
 * Watches the upgrade requests of one server through its public
 * `handleUpgrade`, which `ws` itself calls in `port` and `server` mode and the
 * application calls in `noServer` mode. So every request is counted once, by
 * the server that answers it, however many share an HTTP server, and nothing
 * is added to that HTTP server.
 *
 * An attempt ends in one of three ways: `ws` calls back with a socket
 * (accepted); it ends the raw stream with an HTTP status (rejected, counted by
 * status); or the client goes away before either (aborted). No listener is
 * added: with a `wsClientError` listener `ws` would stop to answer at all.
 */
export function watchHandshakes(
  server: WsServer & object,
  context: ProbeContext,
  series: WsSeries,
  events: HandshakeEvents,
): HandshakeWatch {
  const { guard, hr } = context;
  const source = "ws handshake";
  const pending = new Map<unknown, Attempt>();
  const before = Object.getOwnPropertyDescriptor(server, "handleUpgrade");
  const emitBefore = Object.getOwnPropertyDescriptor(server, "emit");
  let on = true;

  const settle = (attempt: Attempt, outcome: "accepted" | "rejected" | "aborted", reason: string): void => {
    if (!pending.delete(attempt.request)) return;
    attempt.undo();
    series.handshake[outcome].record((hr() - attempt.beganAt) / 1000);
    if (outcome !== "accepted") series.rejections.get(reason).value++;
  };

  const begin = (request: unknown, raw: RawSocket): Attempt => {
    const rawBefore = Object.getOwnPropertyDescriptor(raw, "end");
    const attempt: Attempt = { request, raw, beganAt: hr(), undo: () => uncover(raw, "end", end, rawBefore) };
    function end(this: RawSocket, ...args: unknown[]): unknown {
      const status = statusOf(args[0]);
      guard.run(
        "hook",
        () => settle(attempt, status === null ? "aborted" : "rejected", status ?? "aborted"),
        undefined,
        source,
      );
      return Reflect.apply(behind(raw, "end", rawBefore), this, args);
    }
    cover(raw, "end", end);
    pending.set(request, attempt);
    context.hookCalls.value++;
    return attempt;
  };

  function handleUpgrade(this: WsServer, ...args: unknown[]): unknown {
    const original = behind(server, "handleUpgrade", before);
    const [request, raw, , callback] = args;
    if (!on || guard.isOpen(source) || typeof callback !== "function" || typeof raw !== "object" || raw === null) {
      return Reflect.apply(original, this, args);
    }
    const attempt = guard.run("hook", () => begin(request, raw as RawSocket), null, source);
    args[3] = function upgraded(this: unknown, ...answer: unknown[]): unknown {
      const socket = answer[0] as WsSocket;
      if (on) {
        // Each by itself: a handshake that can't be recorded is no reason not to watch the socket.
        if (attempt !== null) guard.run("hook", () => settle(attempt, "accepted", ""), undefined, source);
        guard.run("hook", () => events.accepted(socket), undefined, source);
      }
      try {
        return Reflect.apply(callback, this, answer);
      } finally {
        if (on) guard.run("hook", () => events.introduced(socket, request), undefined, source);
      }
    };
    return Reflect.apply(original, this, args);
  }

  /**
   * `headers` is emitted when a request is about to be accepted. The stream
   * must be as it was before `ws` adds to it: a property taken from the middle
   * would leave every stream in V8's slow mode for the life of the connection.
   */
  function emit(this: WsServer, type: unknown, ...rest: unknown[]): unknown {
    if (type === "headers") guard.run("hook", () => pending.get(rest[1])?.undo(), undefined, source);
    return Reflect.apply(behind(server, "emit", emitBefore), this, [type, ...rest]);
  }

  const watching = cover(server, "handleUpgrade", handleUpgrade) && cover(server, "emit", emit);
  return {
    watching,
    measuring: () => !guard.isOpen(source),
    sweep() {
      for (const attempt of pending.values()) if (attempt.raw.destroyed === true) settle(attempt, "aborted", "aborted");
    },
    end() {
      on = false;
      uncover(server, "emit", emit, emitBefore);
      uncover(server, "handleUpgrade", handleUpgrade, before);
      for (const { undo } of pending.values()) undo();
      pending.clear();
    },
  };
}

/** The HTTP status that a reply begins with, or `null`. */
function statusOf(chunk: unknown): string | null {
  const text = typeof chunk === "string" ? chunk : Buffer.isBuffer(chunk) ? chunk.toString("latin1", 0, 16) : "";
  return STATUS_LINE.exec(text)?.[1] ?? null;
}
