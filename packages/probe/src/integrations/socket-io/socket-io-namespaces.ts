import { type Labels, OTHER } from "@wsight/protocol";
import { askChannel, askUser } from "../../ask.ts";
import { CappedSet } from "../../instruments/capped.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import type { EngineWatch } from "./engine-io.ts";
import { recipientsOf } from "./socket-io-fanout.ts";
import { eventIn } from "./socket-io-handlers.ts";
import type { Adapter, BroadcastOptions, Namespace, NamespaceSocket, SocketIoServer } from "./socket-io-like.ts";
import type { PacketMeter } from "./socket-io-packets.ts";
import { topRooms } from "./socket-io-rooms.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A method of one object with ours in front of it. */
interface Cover {
  readonly target: object;
  readonly key: string;
  readonly method: Method;
  readonly before: PropertyDescriptor | undefined;
}

interface WatchedNamespace {
  readonly namespace: Namespace;
  readonly covers: readonly Cover[];
  readonly series: NamespaceSeries;
  adapter: { readonly target: Adapter; readonly covers: readonly Cover[] };
}

/** Instruments of a namespace; all beyond a cap share those of `_other`. */
interface NamespaceSeries {
  readonly broadcasts: Counter;
  readonly duration: Distribution;
  readonly fanout: Distribution;
  readonly recoveries: Counter;
}

/** The namespaces of one server, watched. */
export interface NamespaceWatch {
  /** Meets namespaces and adapters that nobody told of. */
  readonly tick: () => void;
  readonly count: () => number;
  readonly all: () => Iterable<Namespace>;
  /** Class names of the adapters in use. */
  readonly adapters: () => string[];
  readonly gaps: () => string[];
  readonly end: () => void;
}

/**
 * Watches namespaces through `emitReserved`, which every namespace uses to say
 * that a socket connected or that a namespace was made, and their adapters
 * through `broadcast`. Both are covered on the instance, a few functions per
 * namespace; nothing is added to a socket and no listener to a namespace.
 */
export function watchNamespaces(
  io: SocketIoServer,
  context: ProbeContext,
  options: {
    readonly server: string;
    readonly labels: Labels;
    readonly engines: EngineWatch;
    readonly meterOut: PacketMeter;
    /** Times the acknowledgement of one recipient. */
    readonly timeAck: (packet: unknown, ack: Method) => Method;
    /** Called with a socket that connected. */
    readonly met: (socket: NamespaceSocket) => void;
  },
): NamespaceWatch {
  const { registry, hookCalls, hr, connections, slow, loopLag } = context;
  const { server, labels, engines } = options;
  const watched = new Map<Namespace, WatchedNamespace>();
  const learned = new Map<string, Namespace>();
  const ends: (() => void)[] = [];
  let refused = 0;

  const all = (): ReadonlyMap<string, Namespace> => (io._nsps instanceof Map ? io._nsps : learned);
  const names = new Set<string>();
  const seriesOf = new CappedSet(context.options.caps.types, (namespace): NamespaceSeries => {
    names.add(namespace);
    const own = { "ws.server": server, namespace };
    ends.push(
      registry.gauge("socketio.namespace.sockets", own, () => sum(namespace, ({ sockets }) => sockets.size)),
      registry.gauge("socketio.rooms", own, () => sum(namespace, roomCount)),
    );
    return {
      broadcasts: registry.counter("websocket.server.broadcasts", { ...labels, namespace }),
      duration: registry.histogram("websocket.server.broadcast.duration", { ...labels, namespace }),
      fanout: registry.histogram("websocket.server.broadcast.fanout", { ...labels, namespace }),
      recoveries: registry.counter("socketio.recoveries", own),
    };
  });

  /** Reads one namespace, or all that share `_other`. */
  function sum(label: string, read: (namespace: Namespace) => number): number {
    if (label !== OTHER) {
      const namespace = all().get(label);
      return namespace === undefined ? 0 : read(namespace);
    }
    let total = 0;
    for (const [name, namespace] of all()) if (!names.has(name)) total += read(namespace);
    return total;
  }

  function coverMethod(target: object, key: string, make: (original: () => Method) => Method): Cover | null {
    const before = Object.getOwnPropertyDescriptor(target, key);
    const method = make(() => behind(target, key, before) as Method);
    if (cover(target, key, method)) return { target, key, method, before };
    refused++;
    context.foundChanged();
    return null;
  }

  function meet(namespace: Namespace): void {
    if (watched.has(namespace)) return;
    learned.set(namespace.name, namespace);
    const series = seriesOf.get(namespace.name);
    const covers = [
      coverMethod(namespace, "emitReserved", (original) => {
        return function emitReserved(this: unknown, event, ...args) {
          if (engines.measuring()) {
            try {
              told(series, event, args[0]);
            } catch (fault) {
              engines.fail(fault);
            }
          }
          return Reflect.apply(original(), this, [event, ...args]);
        };
      }),
    ];
    const adapter = { target: namespace.adapter, covers: coverAdapter(namespace.adapter, namespace, series) };
    watched.set(namespace, { namespace, covers: covers.filter(isCover), series, adapter });
    for (const socket of namespace.sockets.values()) joined(namespace, socket);
    context.foundChanged();
  }

  function told(series: NamespaceSeries, event: unknown, subject: unknown): void {
    if (event === "new_namespace") meet(subject as Namespace);
    else if (event === "connect") {
      hookCalls.value++;
      const socket = subject as NamespaceSocket;
      if (socket.recovered === true) series.recoveries.value++;
      joined(socket.nsp, socket);
    }
  }

  function joined(namespace: Namespace, socket: NamespaceSocket): void {
    options.met(socket);
    const slot = engines.slotOf(socket.conn);
    if (slot < 0) return;
    const user = askUser(context, socket);
    if (user !== null) connections.setUser(slot, user);
    const channel = askChannel(context, socket);
    // A connection is of one channel: what the application says, else the namespace it joined last, and rather any but the main one.
    if (channel !== null) connections.setChannel(slot, channel);
    else if (namespace !== io.sockets || connections.read(slot)?.channel === null) {
      connections.setChannel(slot, namespace.name.slice(0, 128));
    }
  }

  function coverAdapter(adapter: Adapter, namespace: Namespace, series: NamespaceSeries): Cover[] {
    const measured = (original: Method, self: unknown, args: unknown[]): unknown => {
      const recipients = before(namespace, args[1] as BroadcastOptions);
      if (recipients < 0) return Reflect.apply(original, self, args);
      options.meterOut.broadcasting(true);
      const begin = hr();
      try {
        return Reflect.apply(original, self, args);
      } finally {
        options.meterOut.broadcasting(false);
        after(namespace, series, { packet: args[0], recipients, begin });
      }
    };
    const covers = [
      coverMethod(adapter, "broadcast", (original) => {
        return function broadcast(this: unknown, packet, aim, ...rest) {
          const args = [packet, aim, ...rest];
          return engines.measuring() ? measured(original(), this, args) : Reflect.apply(original(), this, args);
        };
      }),
      typeof adapter.broadcastWithAck !== "function"
        ? null
        : coverMethod(adapter, "broadcastWithAck", (original) => {
            return function broadcastWithAck(this: unknown, packet, aim, counted, ack, ...rest) {
              const args = [packet, aim, counted, ack, ...rest];
              if (!engines.measuring()) return Reflect.apply(original(), this, args);
              if (typeof ack === "function") args[3] = options.timeAck(packet, ack as Method);
              return measured(original(), this, args);
            };
          }),
    ];
    return covers.filter(isCover);
  }

  /** How many will get it; `-1` when it is meant for one socket or can't be told. */
  function before(namespace: Namespace, aim: BroadcastOptions): number {
    try {
      hookCalls.value++;
      // With connection state recovery each `socket.emit` comes this way, aimed at the socket's own room.
      if (aim.rooms.size === 1) {
        for (const room of aim.rooms) if (namespace.sockets.has(room as string)) return -1;
      }
      return recipientsOf(namespace, aim);
    } catch (fault) {
      engines.fail(fault);
      return -1;
    }
  }

  function after(
    namespace: Namespace,
    series: NamespaceSeries,
    { packet, recipients, begin }: { readonly packet: unknown; readonly recipients: number; readonly begin: number },
  ): void {
    try {
      const seconds = (hr() - begin) / 1000;
      context.broadcasts.note(namespace.name, recipients, seconds);
      if (slow.wants(seconds)) noteSlow(packet, begin, seconds);
      series.broadcasts.value++;
      series.duration.record(seconds);
      series.fanout.record(recipients);
    } catch (fault) {
      engines.fail(fault);
    }
  }

  function noteSlow(packet: unknown, begin: number, seconds: number): void {
    slow.note({
      kind: "broadcast",
      event: String(eventIn(packet)),
      library: "socket.io",
      connection: null,
      seconds,
      queueSeconds: loopLag.around(begin),
      bufferedBytes: null,
    });
  }

  function meetAll(): void {
    for (const namespace of all().values()) {
      meet(namespace);
      const known = watched.get(namespace);
      if (known === undefined || known.adapter.target === namespace.adapter) continue;
      // `io.adapter(X)` gives every namespace a new one.
      undo(known.adapter.covers);
      known.adapter = {
        target: namespace.adapter,
        covers: coverAdapter(namespace.adapter, namespace, known.series),
      };
      context.foundChanged();
    }
  }

  ends.push(
    registry.gauge("socketio.namespaces", { "ws.server": server }, () => all().size),
    context.provideRooms((limit) => topRooms(all().values(), limit, context)),
  );
  learned.set(io.sockets.name, io.sockets);
  meetAll();

  return {
    tick() {
      meetAll();
      for (const [namespace, known] of watched) {
        if (all().get(namespace.name) === namespace) continue;
        undo([...known.covers, ...known.adapter.covers]);
        watched.delete(namespace);
        context.foundChanged();
      }
    },
    count: () => all().size,
    all: () => all().values(),
    adapters: () => [...new Set([...watched.values()].map(({ adapter }) => className(adapter.target)))],
    gaps: () => (refused > 0 ? [`${refused} methods of namespaces or adapters are locked and not watched`] : []),
    end() {
      for (const end of ends) end();
      for (const { covers, adapter } of watched.values()) undo([...covers, ...adapter.covers]);
      watched.clear();
      learned.clear();
    },
  };
}

function undo(covers: readonly Cover[]): void {
  for (const { target, key, method, before } of covers) uncover(target, key, method, before);
}

function isCover(made: Cover | null): made is Cover {
  return made !== null;
}

function className(value: object): string {
  return String(value.constructor?.name ?? "unknown").slice(0, 64);
}

/** Rooms that are not one socket's own. */
function roomCount({ adapter }: Namespace): number {
  return Math.max(0, adapter.rooms.size - adapter.sids.size);
}
