import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { readableBytes } from "../../readable-bytes.ts";
import { cover, uncover } from "../../shadow.ts";
import { isSecure, type ListeningPlace, loopbackUrls } from "../listening.ts";
import { watchEngines } from "./engine-io.ts";
import { watchHandlers } from "./socket-io-handlers.ts";
import { type EngineServer, isSocketIoServer, type SocketIoServer, type WireFormat } from "./socket-io-like.ts";
import { watchNamespaces } from "./socket-io-namespaces.ts";
import { PacketMeter, wireFormatOf } from "./socket-io-packets.ts";
import { createSocketIoSource } from "./socket-io-source.ts";

type Target = SocketIoServer & object;

/** Watches servers of Socket.IO, version 4, from before or after they listen. */
export const socketIo: Integration = {
  library: "socket.io",
  detect: isSocketIoServer,
  attach(target, server, context) {
    return attachSocketIo(target as Target, server, context);
  },
};

function attachSocketIo(io: Target, server: string, context: ProbeContext): IntegrationHandle {
  const { registry, onTick, foundChanged } = context;
  const labels = { "ws.library": "socket.io", "ws.server": server };
  const version = libraryVersion(io, "/socket.io/dist/index.js");
  const format = wireFormatOf(io);
  const rejected = registry.counter("websocket.server.handshake.rejections", { ...labels, reason: "connect_error" });
  const meterIn = new PacketMeter(context, { labels, direction: "in", format, rejected: null });
  const meterOut = new PacketMeter(context, { labels, direction: "out", format, rejected: () => rejected.value++ });
  const engines = watchEngines(context, labels, { server, meterIn, meterOut });
  const { fail } = engines;
  const handlers = watchHandlers(io, context, { meterIn, meterOut, engines });
  const binding = watchBinding(io, (engine) => {
    try {
      engines.adopt(engine);
      foundChanged();
    } catch (fault) {
      fail(fault);
    }
  });
  const { timeAck, met } = handlers;
  const namespaces = watchNamespaces(io, context, { server, labels, engines, meterOut, timeAck, met });
  const { source, end: endEndings } = createSocketIoSource(context, server, { engines, namespaces: namespaces.all });
  const endSource = context.provideConnections(source);
  const urls = (): readonly string[] => loopbackUrls(() => placeOf(io));
  let told = "";
  const seconds = context.options.intervalMs / 1000;
  const endTick = onTick((tick) => {
    if (io.engine !== undefined) engines.adopt(io.engine);
    engines.tick(tick);
    namespaces.tick();
    meterIn.tick(tick, seconds);
    meterOut.tick(tick, seconds);
    // It may begin to listen after it was found.
    if (urls().join() !== told) foundChanged();
  });

  return {
    finding(): Finding {
      const gaps = [
        ...engines.gaps(),
        ...handlers.gaps(),
        ...namespaces.gaps(),
        ...(format === "opaque" ? ["custom parser: messages are counted without event names"] : []),
      ];
      const facts = [
        namespaces.count() === 1 ? "1 namespace" : `${namespaces.count()} namespaces`,
        `adapter ${namespaces.adapters().join(", ").slice(0, 128)}`,
        ...describeOptions(io, format),
      ];
      const listening = urls();
      told = listening.join();
      return {
        library: "socket.io",
        server,
        version,
        state: gaps.length === 0 ? "attached" : "partial",
        notes: [...gaps, ...facts],
        ...(listening.length === 0 ? {} : { urls: listening }),
      };
    },
    detach() {
      endTick();
      endSource();
      endEndings();
      binding();
      namespaces.end();
      handlers.end();
      engines.end();
    },
  };
}

/** Hears of the engines a server gets: `attach`, `listen` and `attachApp` all call its public `bind`. */
function watchBinding(io: Target, bound: (engine: EngineServer) => void): () => void {
  const before = Object.getOwnPropertyDescriptor(io, "bind");
  const original = io.bind;
  const bind = function (this: unknown, engine: EngineServer): unknown {
    const answer = Reflect.apply(original, this, [engine]);
    bound(engine);
    return answer;
  };
  cover(io, "bind", bind);
  if (io.engine !== undefined) bound(io.engine);
  return () => uncover(io, "bind", bind, before);
}

function placeOf(io: SocketIoServer): ListeningPlace {
  const { httpServer } = io;
  const path = io.path?.();
  return {
    address: httpServer?.address?.(),
    scheme: "http",
    secure: isSecure(httpServer),
    path: typeof path === "string" ? `${path.replace(/\/$/, "")}/` : "/socket.io/",
  };
}

const PARSERS: Readonly<Record<WireFormat, string>> = {
  text: "default parser",
  msgpack: "msgpack parser",
  opaque: "custom parser",
};

function describeOptions({ engine, opts }: SocketIoServer, format: WireFormat): string[] {
  const recovery = opts?.connectionStateRecovery ? "on" : "off";
  const set = [PARSERS[format], `connection state recovery ${recovery}`];
  if (engine === undefined) return ["not attached to an HTTP server yet", ...set];
  const facts: string[] = [];
  const { transports, maxHttpBufferSize, pingInterval, pingTimeout } = engine.opts ?? {};
  if (Array.isArray(transports)) facts.push(`transports ${transports.join(", ").slice(0, 128)}`);
  if (typeof maxHttpBufferSize === "number") facts.push(`payload limit ${readableBytes(maxHttpBufferSize)}`);
  if (typeof pingInterval === "number" && typeof pingTimeout === "number") {
    facts.push(`ping every ${pingInterval / 1000} s, timeout ${pingTimeout / 1000} s`);
  }
  return [...facts, ...set];
}
