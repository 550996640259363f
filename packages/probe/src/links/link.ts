import type { HubFrame, LinkMessage } from "@wsight/protocol";

/** A way to a hub. */
export interface ProbeLink {
  /** Sends; returns false when the message was dropped because the hub does not keep up or is away. Never throws. */
  send(message: LinkMessage): boolean;
  /** Hears what the hub says; called once, by the probe. */
  onFrame(listener: (frame: HubFrame) => void): void;
  /** How often the way was lost and found again; absent where that can't happen. */
  reconnects?(): number;
  /** Ends it; safe to call twice. */
  close(): void;
}
