import type { MessagePort } from "node:worker_threads";
import { decodeHubFrame, type HubFrame, type LinkMessage } from "@wsight/protocol";
import type { ProbeLink } from "./link.ts";

/** Snapshots on their way at once; a hub that has not taken the oldest of them by then does not get more. */
export const MAX_UNACKNOWLEDGED = 15;

/**
 * The link to a hub in a worker thread. A port has no end to its queue, so the
 * hub acknowledges snapshots and this stops sending when it falls behind.
 */
export function createPortLink(port: MessagePort): ProbeLink {
  let waiting = 0;
  let open = true;
  let listener: ((frame: HubFrame) => void) | undefined;

  port.on("message", (message: unknown) => {
    const frame = parse(message);
    if (frame === null) return;
    if (frame.type === "ack") waiting = Math.max(0, waiting - 1);
    // A hub that starts anew never saw what was sent before.
    else waiting = 0;
    listener?.(frame);
  });
  port.once("close", () => {
    open = false;
  });
  port.unref();

  return {
    send(message: LinkMessage): boolean {
      if (!open || waiting >= MAX_UNACKNOWLEDGED) return false;
      if (typeof message !== "string") waiting++;
      port.postMessage(message);
      return true;
    },
    onFrame(next): void {
      listener = next;
    },
    close(): void {
      open = false;
      port.close();
    },
  };
}

function parse(message: unknown): HubFrame | null {
  try {
    return decodeHubFrame(message as LinkMessage);
  } catch {
    // A hub of another version; what it wants can't be known, and the probe goes on measuring.
    return null;
  }
}
