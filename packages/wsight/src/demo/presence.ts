import type { DefaultEventsMap, Namespace } from "socket.io";
import type { PresenceNews, PresenceRequests, SocketUser } from "./events.ts";
import type { Guarded } from "./guarded.ts";
import { pause } from "./pause.ts";

/** The namespace `/presence`. */
export type PresenceNamespace = Namespace<PresenceRequests, PresenceNews, DefaultEventsMap, SocketUser>;

const COUNT_EVERY_MS = 5_000;
const SHOWN = 20;

/** Who is there: every change goes to everybody. */
export function servePresence(presence: PresenceNamespace, guarded: Guarded, signal: AbortSignal): void {
  presence.on("connection", (socket) => {
    socket.on(
      "presence:set",
      guarded(async (status) => {
        presence.emit("presence:changed", socket.data.user, status);
      }),
    );
    socket.on(
      "presence:who",
      guarded(async (ack) => {
        ack([...presence.sockets.values()].slice(0, SHOWN).map(({ data }) => data.user));
      }),
    );
  });
  void tellCount(presence, signal);
}

async function tellCount(presence: PresenceNamespace, signal: AbortSignal): Promise<void> {
  while (await pause(COUNT_EVERY_MS, signal)) presence.emit("presence:count", presence.sockets.size);
}
