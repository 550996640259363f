import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import type { EngineWatch } from "./engine-io.ts";
import { waitingBytes } from "./engine-io.ts";
import type { EngineSocket, NamespaceSocket, SocketIoServer } from "./socket-io-like.ts";
import type { PacketMeter } from "./socket-io-packets.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Carried by a watched server, so that what all servers share finds whose socket it has. */
const TIMES: unique symbol = Symbol("wsight.times");
type Timed = SocketIoServer & { [TIMES]?: Times };
type TimedSocket = Omit<NamespaceSocket, "server" | "nsp" | "conn"> & {
  readonly server?: Timed;
  readonly nsp?: unknown;
  readonly conn?: EngineSocket;
};

/** Carried by a prototype that holds a method of ours. */
const PATCHES: unique symbol = Symbol("wsight.patches");
type Patched = object & { [PATCHES]?: Map<string, { users: number; readonly end: () => void }> };

/** Times the application's handlers and acknowledgements of one server. */
export interface HandlerWatch {
  /** Learns the class of namespace sockets from the first one. */
  readonly met: (socket: NamespaceSocket) => void;
  /** Times the acknowledgement of one recipient of a broadcast. */
  readonly timeAck: (packet: unknown, ack: Method) => Method;
  readonly gaps: () => string[];
  readonly end: () => void;
}

/** A message whose handlers are timed. */
interface TimedMessage {
  readonly event: string;
  readonly begin: number;
  /** How many messages it stands for. */
  readonly weight: number;
  readonly acknowledged: boolean;
  readonly conn: EngineSocket | undefined;
}

/** When something began, and on which connection. */
type Began = Pick<TimedMessage, "begin" | "conn">;

/** What the shared methods call. */
interface Times {
  readonly on: () => boolean;
  /** True when this message should be timed. Hot path. */
  readonly take: () => boolean;
  readonly begin: (event: unknown, acknowledged: boolean, conn: EngineSocket | undefined) => TimedMessage;
  readonly threw: (event: unknown) => void;
  readonly handled: (message: TimedMessage) => void;
  readonly ackOfServer: (message: TimedMessage, ack: Method) => Method;
  readonly ackOfClient: (event: unknown, ack: Method, mayTimeOut: boolean, conn: EngineSocket | undefined) => Method;
}

/**
 * Socket.IO calls handlers through one method that all sockets of a copy of
 * the library inherit, `emitUntyped`. It is covered once per copy, and so is
 * `Socket.prototype.emit`, for acknowledgements of clients: a property on each
 * socket instead would cost memory for each, and every event its own look-up;
 * the shared one costs a comparison. Both are taken back with the last server
 * watched. The application's code runs outside of our `try`, and there is no
 * `catch` around it, since rethrowing would move the place that Node prints.
 */
export function watchHandlers(
  io: SocketIoServer & object,
  context: ProbeContext,
  options: {
    readonly meterIn: PacketMeter;
    readonly meterOut: PacketMeter;
    readonly engines: EngineWatch;
  },
): HandlerWatch {
  const { timing, hr, latency, errors, hookCalls, slow, loopLag, connections } = context;
  const { meterIn, meterOut, engines } = options;
  const { fail } = engines;
  const ends: (() => void)[] = [];
  let sinceTimed = 0;
  let emitPatched = false;

  /** Emits are sampled apart from what comes in: in step with it, one of both would never be timed. */
  const takeEmit = (): number => {
    if (++sinceTimed < timing.period) return 0;
    sinceTimed = 0;
    return timing.period;
  };

  const safely = (fn: () => void): void => {
    try {
      fn();
    } catch (fault) {
      fail(fault);
    }
  };

  const noteSlow = (kind: "handler" | "ack", event: string, seconds: number, began: Began): void => {
    const { begin, conn } = began;
    slow.note({
      kind,
      event,
      library: "socket.io",
      connection: conn === undefined ? null : connections.serialAt(engines.slotOf(conn)) || null,
      seconds,
      queueSeconds: loopLag.around(begin),
      bufferedBytes: conn === undefined ? null : waitingBytes(conn),
    });
  };

  const times: Times = {
    on: engines.measuring,
    take() {
      hookCalls.value++;
      return timing.take();
    },
    begin: (event, acknowledged, conn) => ({
      event: String(event),
      begin: hr(),
      weight: timing.period,
      acknowledged,
      conn,
    }),
    threw(event) {
      safely(() => {
        meterIn.events.countError(meterIn.events.entry(String(event)));
        errors.note("HandlerThrew", "a message handler threw");
      });
    },
    handled(message) {
      safely(() => {
        const { event, begin, weight, acknowledged } = message;
        const seconds = (hr() - begin) / 1000;
        if (slow.wants(seconds)) noteSlow("handler", event, seconds, message);
        meterIn.events.recordHandler(meterIn.events.entry(event), seconds, weight);
        // What is acknowledged is told by the time to the acknowledgement.
        if (!acknowledged) latency.handler.record(seconds, weight);
      });
    },
    ackOfServer(message, ack) {
      const { event, begin, weight } = message;
      let called = false;
      return function (this: unknown) {
        if (!called) {
          called = true;
          safely(() => {
            const seconds = (hr() - begin) / 1000;
            if (slow.wants(seconds)) noteSlow("ack", event, seconds, message);
            latency.ack.record(seconds, weight);
            meterIn.events.recordAck(meterIn.events.entry(event), seconds, weight);
          });
        }
        // biome-ignore lint/complexity/noArguments: passed on untouched
        return Reflect.apply(ack, this, arguments);
      };
    },
    ackOfClient(event, ack, mayTimeOut, conn) {
      const weight = takeEmit();
      if (weight === 0 && !mayTimeOut) return ack;
      hookCalls.value++;
      const begin = weight === 0 ? 0 : hr();
      return function (this: unknown, error: unknown) {
        safely(() => {
          const entry = meterOut.events.entry(String(event));
          if (mayTimeOut && error instanceof Error) meterOut.events.countTimeout(entry);
          else if (weight > 0) {
            const seconds = (hr() - begin) / 1000;
            if (slow.wants(seconds)) noteSlow("ack", String(event), seconds, { begin, conn });
            meterOut.events.recordAck(entry, seconds, weight);
          }
        });
        // biome-ignore lint/complexity/noArguments: passed on untouched
        return Reflect.apply(ack, this, arguments);
      };
    },
  };

  const untyped = ownerOf(io.sockets, "emitUntyped");
  if (untyped !== null) ends.push(patch(untyped, "emitUntyped", coverEmitUntyped));
  Object.defineProperty(io, TIMES, { value: times, configurable: true, enumerable: false });

  return {
    met(socket) {
      if (emitPatched) return;
      emitPatched = true;
      const owner = ownerOf(socket, "emit");
      if (owner !== null) ends.push(patch(owner, "emit", coverEmit));
    },
    timeAck: (packet, ack) => times.ackOfClient(eventIn(packet), ack, false, undefined),
    gaps: () => (untyped === null ? ["handlers can't be timed: this version calls them another way"] : []),
    end() {
      for (const end of ends) end();
      Reflect.deleteProperty(io, TIMES);
    },
  };
}

/** Runs all handlers of one event. */
function coverEmitUntyped(original: Method): Method {
  return function emitUntyped(this: unknown, event) {
    const socket = this as TimedSocket;
    const times = socket.server?.[TIMES];
    // biome-ignore-start lint/complexity/noArguments: passed on untouched, without an array for each message
    // A namespace has a server too, and uses this for events among servers.
    if (times === undefined || socket.nsp === undefined || !times.on()) return Reflect.apply(original, this, arguments);
    if (times.take()) return Reflect.apply(emitTimed, { socket, times, original }, arguments);
    let threw = true;
    try {
      // Most events carry one value, and a plain call is faster than one with a list.
      const answer =
        arguments.length === 2 ? original.call(this, event, arguments[1]) : Reflect.apply(original, this, arguments);
      threw = false;
      return answer;
    } finally {
      if (threw) times.threw(event);
    }
    // biome-ignore-end lint/complexity/noArguments: as above
  };
}

function emitTimed(
  this: { readonly socket: TimedSocket; readonly times: Times; readonly original: Method },
  ...args: unknown[]
): unknown {
  const { socket, times, original } = this;
  const last = args.length - 1;
  const ack = last > 0 ? args[last] : undefined;
  const timed = times.begin(args[0], typeof ack === "function", socket.conn);
  if (typeof ack === "function") args[last] = times.ackOfServer(timed, ack as Method);
  let threw = true;
  try {
    const answer = Reflect.apply(original, socket, args);
    threw = false;
    return answer;
  } finally {
    if (threw) times.threw(args[0]);
    times.handled(timed);
  }
}

/** Sends an event to one client. */
function coverEmit(original: Method): Method {
  return function emit(this: unknown, event) {
    // biome-ignore-start lint/complexity/noArguments: passed on untouched, without an array for each message
    const last = arguments.length - 1;
    if (last > 0 && typeof arguments[last] === "function") {
      const times = (this as TimedSocket).server?.[TIMES];
      if (times?.on()) return Reflect.apply(emitAwaited, { socket: this, times, original }, arguments);
    }
    if (arguments.length === 2) return original.call(this, event, arguments[1]);
    return Reflect.apply(original, this, arguments);
    // biome-ignore-end lint/complexity/noArguments: as above
  };
}

function emitAwaited(
  this: { readonly socket: unknown; readonly times: Times; readonly original: Method },
  ...args: unknown[]
): unknown {
  const { socket, times, original } = this;
  const last = args.length - 1;
  const mayTimeOut = (socket as TimedSocket).flags?.timeout !== undefined;
  const { conn } = socket as TimedSocket;
  args[last] = times.ackOfClient(args[0], args[last] as Method, mayTimeOut, conn);
  return Reflect.apply(original, socket, args);
}

/** The event's name in a packet that is not encoded yet. */
export function eventIn(packet: unknown): unknown {
  const data = (packet as { data?: unknown } | null)?.data;
  return Array.isArray(data) ? data[0] : undefined;
}

/** The prototype of `instance` that has the method itself. */
function ownerOf(instance: object, method: string): object | null {
  let owner = Object.getPrototypeOf(instance) as object | null;
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner;
}

/** Covers a method of a prototype, once however often it is asked for. Returns how to end it. */
function patch(proto: Patched, key: string, make: (original: Method) => Method): () => void {
  if (proto[PATCHES] === undefined) {
    Object.defineProperty(proto, PATCHES, { value: new Map(), configurable: true, enumerable: false });
  }
  const patches = proto[PATCHES] as NonNullable<Patched[typeof PATCHES]>;
  let made = patches.get(key);
  if (made === undefined) {
    const before = Object.getOwnPropertyDescriptor(proto, key);
    const original = behind(proto, key, before) as Method;
    const method = make(original);
    cover(proto, key, method);
    made = { users: 0, end: () => uncover(proto, key, method, before) };
    patches.set(key, made);
  }
  const mine = made;
  mine.users++;
  return () => {
    if (--mine.users > 0) return;
    mine.end();
    patches.delete(key);
    if (patches.size === 0) Reflect.deleteProperty(proto, PATCHES);
  };
}
