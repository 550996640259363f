import { askChannel, askUser } from "../../ask.ts";
import type { EventEntry } from "../../instruments/event-table.ts";
import type { ProbeContext } from "../../integration.ts";
import { cover, uncover } from "../../shadow.ts";
import { CLOSED, OPEN, SLOT, type WsSocket } from "./ws-like.ts";
import type { WsSeries } from "./ws-series.ts";
import { createWsTraffic } from "./ws-traffic.ts";

const METHODS = ["emit", "send", "ping"] as const;
type Method = (typeof METHODS)[number];
/** Methods the application had put on a socket itself before us. */
type OwnMethods = Partial<Record<Method, PropertyDescriptor>>;
type EmitArguments = [type: string | symbol, ...rest: unknown[]];

/** The sockets of one server, watched. */
export interface SocketWatch {
  /** Begins to watch a socket. False when it is watched already, gone, or locked. */
  readonly adopt: (socket: WsSocket) => boolean;
  /** Asks the application whose socket it is. */
  readonly identify: (socket: WsSocket, request: unknown) => void;
  /** Ends an interval. */
  readonly tick: (tick: number) => void;
  /** False after ten faults: sockets work as if nobody watched. */
  readonly measuring: () => boolean;
  /** Sockets that could not be watched. */
  readonly locked: () => number;
  /** Undoes everything on these sockets and stops. */
  readonly end: (sockets: Iterable<WsSocket>) => void;
}

/**
 * Watches sockets through three of their public methods, covered on each
 * socket by functions that all sockets of the server share. Every event of
 * `ws` goes through `this.emit`, so no listener is added and nothing the
 * application does to its own listeners loses a count.
 *
 * Our code runs in a `try` of its own and the application's code outside of
 * it: what a handler throws goes where it always went. There is no `catch`
 * around it either, since rethrowing would move the place that Node prints for
 * an uncaught error.
 */
export function watchSockets(
  context: ProbeContext,
  series: WsSeries,
  options: {
    readonly server: string;
    /** Where open sockets are kept when the library does not keep them. */
    readonly untracked: Set<WsSocket> | null;
    /** Called when the watch can do less than before. */
    readonly changed: () => void;
  },
): SocketWatch {
  const { connections, guard, errors, hookCalls, hr } = context;
  const { untracked } = options;
  // Taken apart here, so that a message costs no look-up of its own.
  const { name, received, handled: timed, threw: failedHandler, sent, forget, tick } = createWsTraffic(context, series);
  const own = new WeakMap<WsSocket, OwnMethods>();
  let anyOwn = false;
  let on = true;
  let locked = 0;

  function failed(fault: unknown): void {
    if (!guard.fault("hook", fault, options.server)) return;
    on = false;
    options.changed();
  }

  // What stands behind a cover is looked up each time, since the application may
  // patch its prototypes whenever it likes; by literal name, which V8 makes cheap.

  function emitBehind(socket: WsSocket): WsSocket["emit"] {
    return anyOwn ? behind(socket, "emit") : (Object.getPrototypeOf(socket) as WsSocket).emit;
  }

  function sendBehind(socket: WsSocket): WsSocket["send"] {
    return anyOwn ? behind(socket, "send") : (Object.getPrototypeOf(socket) as WsSocket).send;
  }

  /** The same when the application itself had put methods on some socket before us. */
  function behind<M extends Method>(socket: WsSocket, method: M): WsSocket[M] {
    const before = own.get(socket)?.[method];
    return (before === undefined ? Reflect.get(Object.getPrototypeOf(socket), method) : before.value) as WsSocket[M];
  }

  // The covers keep name, length and `this` of what they cover, and pass `arguments` on as they are.

  function emit(this: WsSocket, type: string | symbol, data: unknown = undefined, flag: unknown = undefined): boolean {
    // biome-ignore-start lint/complexity/noArguments: `arguments` that never leaves the function costs no allocation
    const slot = this[SLOT];
    if (type !== "message" || slot === undefined || !on) {
      return Reflect.apply(emitOther, this, arguments as unknown as EmitArguments);
    }
    const original = emitBehind(this);
    const isBinary = flag === true;
    let event: EventEntry | null = null;
    let weight = 0;
    let begin = 0;
    try {
      if (name !== null) event = name(data, isBinary);
      weight = received(slot, data, isBinary, event);
      if (weight > 0) begin = hr();
    } catch (fault) {
      failed(fault);
    }
    let threw = true;
    try {
      const answer =
        arguments.length === 3
          ? original.call(this, type, data, flag)
          : Reflect.apply(original, this, arguments as unknown as EmitArguments);
      threw = false;
      return answer;
    } finally {
      if (weight > 0 || threw) handled(this, weight, begin, threw, isBinary, event);
    }
    // biome-ignore-end lint/complexity/noArguments: end
  }

  function handled(
    socket: WsSocket,
    weight: number,
    begin: number,
    threw: boolean,
    isBinary: boolean,
    event: EventEntry | null,
  ): void {
    try {
      if (weight > 0) timed(socket, begin, weight, isBinary, event);
      if (!threw) return;
      failedHandler(isBinary, event);
      errors.note("HandlerThrew", "a message handler threw");
    } catch (fault) {
      failed(fault);
    }
  }

  function emitOther(this: WsSocket, ...args: EmitArguments): boolean {
    const [type, detail] = args;
    const original = emitBehind(this);
    const slot = this[SLOT];
    if (slot === undefined) return Reflect.apply(original, this, args);
    const closes = type === "close" && this.readyState === CLOSED;
    try {
      // A socket that closes gives its record back even when counting has been switched off.
      if (closes) closed(this, slot, detail);
      else if (on) happened(slot, type, detail);
    } catch (fault) {
      failed(fault);
    }
    if (!closes) return Reflect.apply(original, this, args);
    try {
      return Reflect.apply(original, this, args);
    } finally {
      undress(this);
    }
  }

  function happened(slot: number, type: string | symbol, detail: unknown): void {
    hookCalls.value++;
    if (type === "error") errors.noteError(detail);
    else if (type === "pong") {
      const ms = connections.ponged(slot, hr());
      if (ms !== null) series.roundTrip.record(ms / 1000);
    }
  }

  function closed(socket: WsSocket, slot: number, code: unknown): void {
    if (on) context.journal.closing(slot, options.server, String(code));
    const openedAt = release(socket, slot);
    if (!on) return;
    hookCalls.value++;
    series.closes.get(String(code)).value++;
    if (openedAt !== null) series.lifetime.record(Math.max(0, context.now() - openedAt) / 1000);
  }

  /** Gives back everything that is kept of a socket. */
  function release(socket: WsSocket, slot: number): number | null {
    untracked?.delete(socket);
    forget(socket);
    return connections.close(slot);
  }

  function send(this: WsSocket, data: unknown, sendOptions: unknown, _callback: unknown): unknown {
    const original = sendBehind(this);
    const slot = this[SLOT];
    // `ws` drops what is sent on a socket that is not open, so that is not counted as sent.
    const counts = on && slot !== undefined && this.readyState === OPEN;
    // biome-ignore-start lint/complexity/noArguments: as above
    const answer =
      arguments.length === 1
        ? original.call(this, data)
        : Reflect.apply(original, this, arguments as unknown as [unknown]);
    // biome-ignore-end lint/complexity/noArguments: end
    if (counts) {
      try {
        sent(this, slot, data, sendOptions);
      } catch (fault) {
        failed(fault);
      }
    }
    return answer;
  }

  function ping(this: WsSocket, _data: unknown, _mask: unknown, _callback: unknown): unknown {
    const original = behind(this, "ping");
    const slot = this[SLOT];
    const counts = on && slot !== undefined && this.readyState === OPEN;
    // biome-ignore lint/complexity/noArguments: passed on untouched
    const answer = Reflect.apply(original, this, arguments as unknown as []);
    if (counts) {
      try {
        hookCalls.value++;
        connections.pinged(slot, hr());
      } catch (fault) {
        failed(fault);
      }
    }
    return answer;
  }

  const covers = { emit, send, ping };

  function dress(socket: WsSocket): boolean {
    const before: OwnMethods = {};
    for (const method of METHODS) {
      const descriptor = Object.getOwnPropertyDescriptor(socket, method);
      if (descriptor !== undefined) before[method] = descriptor;
      // Without `emit` nobody would tell when the socket closes.
      if (!cover(socket, method, covers[method]) && method === "emit") return false;
    }
    if (Object.keys(before).length > 0) {
      own.set(socket, before);
      anyOwn = true;
    }
    return true;
  }

  /** Takes everything of ours off a socket, last things first: V8 then goes back to the shape it had. */
  function undress(socket: WsSocket): void {
    delete socket[SLOT];
    const before = own.get(socket);
    for (const method of METHODS.toReversed()) uncover(socket, method, covers[method], before?.[method]);
  }

  function adopt(socket: WsSocket): boolean {
    if (!on || socket[SLOT] !== undefined || socket.readyState === CLOSED) return false;
    if (!dress(socket)) {
      if (locked++ === 0) options.changed();
      return false;
    }
    const slot = connections.open(context.now());
    Object.defineProperty(socket, SLOT, { value: slot, writable: true, configurable: true, enumerable: false });
    untracked?.add(socket);
    series.opened.value++;
    context.journal.opened(slot, options.server);
    hookCalls.value++;
    return true;
  }

  return {
    adopt,
    identify(socket, request) {
      const slot = socket[SLOT] ?? -1;
      if (slot < 0) return;
      connections.setUser(slot, askUser(context, socket, request));
      connections.setChannel(slot, askChannel(context, socket, request));
    },
    tick,
    measuring: () => on,
    locked: () => locked,
    end(sockets) {
      on = false;
      for (const socket of sockets) {
        const slot = socket[SLOT];
        if (slot === undefined) continue;
        release(socket, slot);
        undress(socket);
      }
    },
  };
}
