import type { Socket } from "socket.io";

/** A connection of Engine.IO: one client, whatever transport it is on. */
export type EngineSocket = Socket["conn"];

/** What lies inside a connection of Engine.IO 6; where it is not as expected, nothing is known to wait. */
interface Innards {
  readonly id?: string;
  readonly writeBuffer?: { readonly length?: number };
  readonly transport?: { readonly socket?: { readonly terminate?: () => void } };
}

/** What its requests carry as `sid`. */
export function idOf(conn: EngineSocket): string {
  return (conn as unknown as Innards).id ?? "";
}

/** Messages that wait for the connection to take them, beside those that it is writing. */
export function backlogOf(conn: EngineSocket): number {
  return (conn as unknown as Innards).writeBuffer?.length ?? 0;
}

/** Ends a connection at once, without waiting for the other side. */
export function cutOff(conn: EngineSocket): void {
  const { socket } = (conn as unknown as Innards).transport ?? {};
  conn.close(true);
  socket?.terminate?.();
}
