import { type Hub, signToken } from "@wsight/hub";
import type { HubMessage, HubRow } from "@wsight/protocol";
import { SECRET, upgrade } from "./harness.ts";

/** What the hub says of itself, as a viewer gets it. */
export interface HubWatch {
  /** The newest; `null` until it came. */
  readonly row: HubRow | null;
}

/** Follows what a hub says of itself. */
export async function watchHub(hub: Hub): Promise<HubWatch> {
  // Longer than any clock of a test is moved.
  const token = await signToken({ sub: "watch", role: "viewer", ttlMs: 24 * 3_600_000 }, SECRET);
  const { socket } = await upgrade(hub, "/ws/live", { authorization: `Bearer ${token}` });
  if (socket === null) throw new Error("refused");
  const watch: { row: HubRow | null } = { row: null };
  socket.on("message", (data, isBinary) => {
    if (isBinary) return;
    const message = JSON.parse(String(data)) as HubMessage;
    if (message.type === "table" && message.table === "hub") watch.row = message.rows as HubRow;
  });
  socket.send(JSON.stringify({ type: "subscribe", id: 1, tables: ["hub"], series: [] }));
  return watch;
}
