import type { MessagePort } from "node:worker_threads";
import type { LinkMessage } from "@wsight/protocol";
import { HubWords } from "./hub-words.ts";
import type { ProbeLink } from "./link.ts";

/**
 * The link to a hub in a worker thread. A port has no end to its queue, so the
 * hub acknowledges snapshots and this stops sending when it falls behind.
 */
export function createPortLink(port: MessagePort): ProbeLink {
  const words = new HubWords();
  let open = true;

  port.on("message", (message: unknown) => void words.hear(message));
  port.once("close", () => {
    open = false;
  });
  port.unref();

  return {
    send(message: LinkMessage): boolean {
      if (!open || !words.keepsUp) return false;
      words.sent(message);
      port.postMessage(message);
      return true;
    },
    onFrame: (listener) => words.tell(listener),
    close(): void {
      open = false;
      port.close();
    },
  };
}
