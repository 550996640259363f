import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { readableBytes } from "../../readable-bytes.ts";
import { createBufferScan } from "../buffer-scan.ts";
import { isSecure, type ListeningPlace, loopbackUrls } from "../listening.ts";
import { watchHandshakes } from "./ws-handshakes.ts";
import { isWsServer, OPEN, SLOT, type WsServer, type WsSocket } from "./ws-like.ts";
import { createWsSeries } from "./ws-series.ts";
import { watchSockets } from "./ws-sockets.ts";
import { createWsSource } from "./ws-source.ts";

/** Intervals between two looks at every socket. */
const SCAN_TICKS = 5;

/** Watches servers of the `ws` library, version 8 and later. */
export const ws: Integration = {
  library: "ws",
  detect: isWsServer,
  attach(target, server, context) {
    return attachWs(target as WsServer & object, server, context);
  },
};

function attachWs(target: WsServer & object, server: string, context: ProbeContext): IntegrationHandle {
  const { registry, guard } = context;
  const labels = { "ws.library": "ws", "ws.server": server };
  const version = libraryVersion(target, "/ws/lib/websocket-server.js");
  const untracked = target.clients === undefined ? new Set<WsSocket>() : null;
  const sockets = target.clients ?? untracked ?? new Set<WsSocket>();

  const series = createWsSeries(context, server);
  const watch = watchSockets(context, series, { server, untracked, changed: context.foundChanged });
  const handshakes = watchHandshakes(target, context, series, {
    accepted: watch.adopt,
    introduced: watch.identify,
  });
  const adoptStray = (socket: WsSocket): void => {
    if (watch.adopt(socket)) watch.identify(socket, undefined);
  };
  for (const socket of sockets) guard.run("attach", () => adoptStray(socket), undefined, server);

  const scan = createBufferScan<WsSocket>(context, {
    source: "ws buffered",
    sockets: () => sockets,
    look(socket) {
      if (socket.readyState !== OPEN) return 0;
      adoptStray(socket);
      return socket.bufferedAmount;
    },
    slotOf: (socket) => socket[SLOT] ?? -1,
  });
  const { source, end: endEndings } = createWsSource(context, server, sockets);
  const urls = (): readonly string[] => loopbackUrls(() => placeOf(target));
  let told = "";
  const ends = [
    context.provideConnections(source),
    endEndings,
    registry.gauge("websocket.server.active_connections", labels, () => sockets.size),
    registry.gauge("websocket.server.send.buffered", labels, scan.sum),
    registry.gauge("websocket.server.send.buffered.max", labels, scan.max),
    context.onTick((tick) => {
      handshakes.sweep();
      watch.tick(tick);
      // It may begin to listen after it was found.
      if (urls().join() !== told) context.foundChanged();
      if (tick % SCAN_TICKS === 0) scan.start();
    }),
  ];

  return {
    finding(): Finding {
      const gaps = [
        ...(handshakes.watching ? [] : ["handshakes can't be watched: handleUpgrade is locked"]),
        ...(handshakes.measuring() ? [] : ["handshakes are switched off after repeated faults of the probe"]),
        ...(watch.measuring() ? [] : ["switched off after repeated faults of the probe"]),
        ...(watch.locked() > 0 ? [`${watch.locked()} sockets are locked and not watched`] : []),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      const listening = urls();
      told = listening.join();
      return {
        library: "ws",
        server,
        version,
        state,
        notes: [...gaps, ...guard.run("attach", () => describeOptions(target), [], server)],
        ...(listening.length === 0 ? {} : { urls: listening }),
      };
    },
    detach() {
      for (const end of ends) end();
      scan.end();
      handshakes.end();
      watch.end([...sockets]);
    },
  };
}

function describeOptions(server: WsServer): string[] {
  const { options, clients } = server;
  return [
    ...listensOn(server),
    ...(typeof options.path === "string" ? [`path ${options.path.slice(0, 128)}`] : []),
    ...(typeof options.maxPayload === "number" ? [`payload limit ${readableBytes(options.maxPayload)}`] : []),
    options.perMessageDeflate ? "permessage-deflate on" : "permessage-deflate off",
    ...(clients === undefined ? ["client tracking off: connections counted by wsight from attach on"] : []),
    ...(options.noServer === true ? ["what the application refuses before handleUpgrade() is not seen"] : []),
  ];
}

function placeOf(server: WsServer): ListeningPlace | null {
  const { noServer, path, server: below } = server.options;
  // Without a server of its own it throws when asked for its address.
  if (noServer === true) return null;
  return { address: server.address(), scheme: "ws", secure: isSecure(below ?? undefined), path };
}

function listensOn(server: WsServer): string[] {
  const { port, noServer } = server.options;
  if (noServer === true) return [];
  if (port === null || port === undefined) return ["on an HTTP server"];
  // A port of 0 leaves the choice to the system.
  const bound = server.address();
  return [`own server, port ${typeof bound === "object" && bound !== null ? bound.port : port}`];
}
