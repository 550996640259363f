import type { Labels } from "@wsight/protocol";
import { CappedSet } from "../../instruments/capped.ts";
import type { Counter } from "../../instruments/instruments.ts";
import type { ProbeContext } from "../../integration.ts";
import { cover, uncover } from "../../shadow.ts";
import { createBufferScan } from "../buffer-scan.ts";
import { disregardPolling } from "./engine-io-requests.ts";
import type { EnginePacket, EngineServer, EngineSocket } from "./socket-io-like.ts";
import type { PacketMeter } from "./socket-io-packets.ts";

/** What a socket carries of ours: see {@link pack}. */
const CONNECTION: unique symbol = Symbol("wsight.connection");
type Watched = EngineSocket & { [CONNECTION]?: number };

const TRANSPORTS = ["polling", "websocket", "webtransport", "other"] as const;
type Transport = (typeof TRANSPORTS)[number];
/** The value of a socket that closed. */
const GONE = -1;

/** Codes of Engine.IO's `connection_error`. */
const REJECTIONS = [
  "UNKNOWN_TRANSPORT",
  "UNKNOWN_SID",
  "BAD_HANDSHAKE_METHOD",
  "BAD_REQUEST",
  "FORBIDDEN",
  "UNSUPPORTED_PROTOCOL_VERSION",
] as const;

/** Close reasons that are failures, not ways to leave. */
const FAILURES: ReadonlySet<unknown> = new Set(["transport error", "parse error"]);

/** Intervals between two looks, and which of them it is: one in which no table is told. */
const SCAN_TICKS = 5;
const SCAN_TICK = 3;

type Emit = (this: Watched, type: string | symbol, ...args: unknown[]) => boolean;

/** The Engine.IO servers below one Socket.IO server, watched. */
export interface EngineWatch {
  /** Begins to watch a server and the sockets it has; one that is watched already is left as it is. */
  readonly adopt: (engine: EngineServer) => void;
  /** The record of a socket, `-1` when it has none. */
  readonly slotOf: (socket: EngineSocket) => number;
  readonly engines: () => Iterable<EngineServer>;
  readonly rejections: CappedSet<Counter>;
  readonly tick: (tick: number) => void;
  /** What can't be measured, for people. */
  readonly gaps: () => string[];
  readonly fail: (fault: unknown) => void;
  /** False after ten faults: sockets work as if nobody watched. */
  readonly measuring: () => boolean;
  readonly end: () => void;
}

/**
 * Watches connections at the layer where one connection is one object. Every
 * event of an Engine.IO socket goes through its public `emit`, so each socket
 * gets one own property, a function that all of them share. Four listeners in
 * its place would cost 440 bytes a connection (the lists of listeners grow by
 * 16 places at a time), this costs 16; and nothing the application does to
 * listeners can lose a count.
 */
export function watchEngines(
  context: ProbeContext,
  labels: Labels,
  options: { readonly server: string; readonly meterIn: PacketMeter; readonly meterOut: PacketMeter },
): EngineWatch {
  const { registry, connections, guard, hookCalls, hr, errors } = context;
  const { meterIn, meterOut, server } = options;
  const caps = context.options.caps.types;
  const closes = new CappedSet(caps, (reason) => registry.counter("websocket.server.closes", { ...labels, reason }));
  const rejections = new CappedSet(caps, (reason) =>
    registry.counter("websocket.server.handshake.rejections", { ...labels, reason }),
  );
  const lifetime = registry.histogram("websocket.server.connection.duration", labels);
  const roundTrips = registry.histogram("websocket.server.rtt", { ...labels, source: "engine_heartbeat" });
  const opened = TRANSPORTS.map((transport): Counter | null =>
    transport === "other" ? null : registry.counter("websocket.server.connections", { ...labels, transport }),
  );
  const engines = new Set<EngineServer>();
  const gauges = new Map<Transport, () => void>();
  /** Open connections by transport; the sum of them all is read from the engines. */
  const open = TRANSPORTS.map(() => 0);
  const shared = new Map<object, Emit>();
  const own = new WeakMap<EngineSocket, { before: PropertyDescriptor; emit: Emit }>();
  let on = true;
  let flushes = 0;
  let countCreated = false;
  let refused = 0;

  const fail = (fault: unknown): void => {
    if (!guard.fault("hook", fault, server)) return;
    on = false;
    context.foundChanged();
  };

  /** Packets leave for the transport: once per recipient, whatever made them. */
  function flushed(slot: number, packets: unknown): void {
    hookCalls.value++;
    flushes++;
    const list = packets as readonly EnginePacket[];
    for (let i = 0; i < list.length; i++) {
      const { type, data } = list[i] as EnginePacket;
      if (type === "message") meterOut.count(slot, data);
      else if (type === "ping") connections.pinged(slot, hr());
    }
  }

  function arrived(slot: number, packet: unknown): void {
    hookCalls.value++;
    const { type, data } = packet as EnginePacket;
    if (type === "message") meterIn.count(slot, data);
    else if (type === "pong") {
      const ms = connections.ponged(slot, hr());
      if (ms !== null) roundTrips.record(ms / 1000);
    }
  }

  /** Stands in for {@link flushed} with an Engine.IO that does not tell of flushes. */
  function created(slot: number, packet: unknown): void {
    const { type, data } = packet as EnginePacket;
    if (type === "message") meterOut.count(slot, data);
    else if (type === "ping") connections.pinged(slot, hr());
  }

  function upgraded(socket: Watched, packed: number): void {
    const transport = transportOf(socket);
    open[packed & 3] = (open[packed & 3] as number) - 1;
    open[transport] = (open[transport] as number) + 1;
    socket[CONNECTION] = (packed & ~3) | transport;
  }

  function closed(socket: Watched, packed: number, reason: unknown, detail: unknown): void {
    hookCalls.value++;
    const why = typeof reason === "string" ? reason : "unknown";
    if (on) context.journal.closing(slotIn(packed), server, why);
    const openedAt = forget(socket, packed);
    // A socket that closes gives its record back even when counting has been switched off.
    if (!on) return;
    closes.get(why).value++;
    const adopted = (packed & 4) !== 0;
    if (openedAt !== null && !adopted) lifetime.record(Math.max(0, context.now() - openedAt) / 1000);
    if (FAILURES.has(reason)) errors.note(String(reason), detail instanceof Error ? detail.message : "");
  }

  function forget(socket: Watched, packed: number): number | null {
    socket[CONNECTION] = GONE;
    open[packed & 3] = (open[packed & 3] as number) - 1;
    return connections.close(slotIn(packed));
  }

  function happened(socket: Watched, type: string | symbol, detail: unknown): void {
    const packed = socket[CONNECTION];
    if (packed === undefined || packed < 0 || !on) return;
    try {
      if (type === "flush") flushed(slotIn(packed), detail);
      else if (type === "packet") arrived(slotIn(packed), detail);
      else if (type === "upgrade") upgraded(socket, packed);
      else if (type === "packetCreate") created(slotIn(packed), detail);
      else {
        countCreated = true;
        context.foundChanged();
      }
    } catch (fault) {
      fail(fault);
    }
  }

  function ended(socket: Watched, reason: unknown, detail: unknown): void {
    const packed = socket[CONNECTION];
    if (packed === undefined || packed < 0) return;
    try {
      closed(socket, packed, reason, detail);
    } catch (fault) {
      fail(fault);
    }
  }

  /** A drain follows every flush: one without means that this Engine.IO does not tell of flushes. */
  const isSign = (type: unknown): boolean => (countCreated ? type === "packetCreate" : type === "drain");

  function coverOf(holder: { readonly emit: Emit }): Emit {
    return function emit(this: Watched, type) {
      // biome-ignore-start lint/complexity/noArguments: passed on untouched, without an array for each event
      // A message means six events, four of which are nothing to us: they should cost as little as can be.
      if (type === "packet" || type === "flush" || type === "upgrade" || (flushes === 0 && isSign(type))) {
        happened(this, type, arguments[1]);
      } else if (type === "close") ended(this, arguments[1], arguments[2]);
      // Events carry one value or none, nearly all of them, and a plain call is faster than one with a list.
      if (arguments.length === 2) return holder.emit.call(this, type, arguments[1]);
      if (arguments.length === 1) return holder.emit.call(this, type);
      return Reflect.apply(holder.emit, this, arguments);
      // biome-ignore-end lint/complexity/noArguments: as above
    };
  }

  /** The cover of sockets of one class. What stands behind it is looked up each time: the class may be patched. */
  function sharedCover(proto: { emit: Emit }): Emit {
    let emit = shared.get(proto);
    if (emit === undefined) {
      emit = coverOf(proto);
      shared.set(proto, emit);
    }
    return emit;
  }

  function dress(socket: Watched): boolean {
    const before = Object.getOwnPropertyDescriptor(socket, "emit");
    if (before === undefined)
      return cover(socket, "emit", sharedCover(Object.getPrototypeOf(socket) as { emit: Emit }));
    const emit = coverOf({ emit: before.value as Emit });
    if (!cover(socket, "emit", emit)) return false;
    own.set(socket, { before, emit });
    return true;
  }

  function undress(socket: Watched): void {
    const exception = own.get(socket);
    const emit = exception?.emit ?? shared.get(Object.getPrototypeOf(socket) as object);
    if (emit !== undefined) uncover(socket, "emit", emit, exception?.before);
    delete socket[CONNECTION];
  }

  function meet(socket: Watched, adopted: boolean): void {
    if (!on || socket[CONNECTION] !== undefined || socket.readyState === "closed") return;
    hookCalls.value++;
    if (!dress(socket)) {
      refused++;
      context.foundChanged();
      return;
    }
    const transport = transportOf(socket);
    open[transport] = (open[transport] as number) + 1;
    const slot = connections.open(context.now());
    const value = pack(slot, adopted, transport);
    if (!adopted) context.journal.opened(slot, server);
    Object.defineProperty(socket, CONNECTION, { value, writable: true, configurable: true, enumerable: false });
    (opened[transport] ?? registry.counter("websocket.server.connections", { ...labels, transport: "other" })).value++;
    showTransport(TRANSPORTS[transport] as Transport);
  }

  const total = (): number => {
    let sum = 0;
    for (const engine of engines) sum += engine.clientsCount;
    return sum;
  };

  /** The sum of the readings is what the engines say; which transport it is, is our own count. */
  function showTransport(transport: Transport): void {
    if (gauges.has(transport)) return;
    const index = TRANSPORTS.indexOf(transport);
    const read = (): number => {
      if (transport !== mainTransport()) return open[index] as number;
      return Math.max(0, total() - open.reduce((sum, count, i) => (i === index ? sum : sum + count), 0));
    };
    gauges.set(transport, registry.gauge("websocket.server.active_connections", { ...labels, transport }, read));
  }

  const mainTransport = (): Transport => (gauges.has("websocket") ? "websocket" : "polling");

  /** The list of clients can't be walked in slices, but gathering their names takes a tenth of what looking at them does. */
  function* clients(): Iterable<Watched> {
    for (const engine of engines) {
      for (const id in engine.clients) {
        const socket = engine.clients[id];
        if (socket !== undefined) yield socket;
      }
    }
  }

  /** Looks at every socket: what waits in send buffers, and strays that nobody told of. */
  const scan = createBufferScan<Watched>(context, {
    source: "engine.io buffered",
    sockets: clients,
    look(socket) {
      meet(socket, true);
      return waitingBytes(socket);
    },
    slotOf: (socket) => slotIn(socket[CONNECTION] ?? GONE),
  });

  function onConnection(socket: Watched): void {
    try {
      meet(socket, false);
    } catch (fault) {
      fail(fault);
    }
  }

  function onRejection(error: { readonly code?: unknown } | undefined): void {
    if (!on) return;
    try {
      hookCalls.value++;
      rejections.get(REJECTIONS[error?.code as number] ?? "UNKNOWN").value++;
    } catch (fault) {
      fail(fault);
    }
  }

  const polling: (() => void)[] = [];
  const ends = [
    registry.gauge("websocket.server.send.buffered", labels, scan.sum),
    registry.gauge("websocket.server.send.buffered.max", labels, scan.max),
  ];

  return {
    adopt(engine) {
      if (engines.has(engine)) return;
      engines.add(engine);
      // First in line, so that not even the first packet of a connection is missed.
      engine.prependListener("connection", onConnection);
      engine.prependListener("connection_error", onRejection);
      polling.push(disregardPolling(engine, context.http));
      const offered: unknown = engine.opts?.transports;
      for (const transport of TRANSPORTS) {
        if (Array.isArray(offered) && offered.includes(transport)) showTransport(transport);
      }
      for (const id of Object.keys(engine.clients)) meet(engine.clients[id] as Watched, true);
    },
    slotOf: (socket) => slotIn((socket as Watched)[CONNECTION] ?? GONE),
    engines: () => engines,
    rejections,
    tick(tick) {
      if (tick % SCAN_TICKS === SCAN_TICK) scan.start();
    },
    gaps: () => [
      ...(on ? [] : ["switched off after repeated faults of the probe"]),
      ...(refused > 0 ? [`${refused} sockets are locked and not watched`] : []),
      ...(countCreated ? ["flushes are not told: messages out are counted when they are made"] : []),
    ],
    fail,
    measuring: () => on,
    end() {
      on = false;
      scan.end();
      for (const end of [...ends, ...gauges.values(), ...polling]) end();
      for (const engine of engines) {
        engine.removeListener("connection", onConnection);
        engine.removeListener("connection_error", onRejection);
        for (const id of Object.keys(engine.clients)) {
          const socket = engine.clients[id] as Watched;
          const packed = socket[CONNECTION];
          if (packed !== undefined && packed >= 0) forget(socket, packed);
          undress(socket);
        }
      }
      engines.clear();
    },
  };
}

/** One small integer holds all: the record's slot + 1, whether it was found open, and the transport. */
function pack(slot: number, adopted: boolean, transport: number): number {
  return (slot + 1) * 8 + (adopted ? 4 : 0) + transport;
}

function slotIn(packed: number): number {
  return (packed >> 3) - 1;
}

function transportOf(socket: EngineSocket): number {
  const index = (TRANSPORTS as readonly string[]).indexOf(socket.transport.name);
  return index < 0 ? TRANSPORTS.length - 1 : index;
}

/** What was sent and is not with the kernel yet; text that waits for a poll counts a byte a character. */
export function waitingBytes({ transport, writeBuffer }: EngineSocket): number {
  const amount = transport.socket?.bufferedAmount;
  let bytes = typeof amount === "number" ? amount : 0;
  for (const { data } of writeBuffer) {
    if (typeof data === "string") bytes += data.length;
    else if (ArrayBuffer.isView(data)) bytes += data.byteLength;
  }
  return bytes;
}
