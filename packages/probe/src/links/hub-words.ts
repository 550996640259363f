import { decodeHubFrame, type HubFrame, type LinkMessage } from "@wsight/protocol";

/** Snapshots on their way at once; a hub that has not taken the oldest of them by then does not get more. */
export const MAX_UNACKNOWLEDGED = 15;

/**
 * What every link makes of its hub's words: it counts the snapshots that are
 * on their way, and refuses more of anything while there are too many.
 */
export class HubWords {
  #waiting = 0;
  #listener: ((frame: HubFrame) => void) | undefined;

  /** True while the hub keeps up. */
  get keepsUp(): boolean {
    return this.#waiting < MAX_UNACKNOWLEDGED;
  }

  /** Hears every frame from now on. */
  tell(listener: (frame: HubFrame) => void): void {
    this.#listener = listener;
  }

  /** A message is on its way. */
  sent(message: LinkMessage): void {
    if (typeof message !== "string") this.#waiting++;
  }

  /** Parses what came and says it on; `null` when it can't be understood. */
  hear(message: unknown): HubFrame | null {
    const frame = parse(message);
    if (frame !== null) this.take(frame);
    return frame;
  }

  /** Takes a frame that came, or that the link itself says in the hub's place. */
  take(frame: HubFrame): void {
    if (frame.type === "ack") this.#waiting = Math.max(0, this.#waiting - 1);
    // A hub that starts anew never saw what was sent before.
    else if (frame.type === "resync") this.#waiting = 0;
    this.#listener?.(frame);
  }
}

function parse(message: unknown): HubFrame | null {
  try {
    return decodeHubFrame(message as LinkMessage);
  } catch {
    // A hub of another version; what it wants can't be known, and the probe goes on measuring.
    return null;
  }
}
