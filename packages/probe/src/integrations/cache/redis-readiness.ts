import { NotAskable } from "../../components.ts";

/** `idle`: connects with its first command, or was not told to · `connecting`: on its way · `lost`: it was connected, or failed to. */
export type Readiness = "idle" | "connecting" | "ready" | "lost";

/** How long a first connection may take before it counts as none. */
const FIRST_MS = 3000;

/**
 * Throws why a client can't be asked now, since what it is given would wait in a queue. One that never was connected
 * is not down, unless that takes long.
 */
export function createReadinessCheck(hr: () => number): (state: Readiness, reason: string) => void {
  let isNew = true;
  let since: number | null = null;
  return (state, reason) => {
    if (state === "idle" && isNew) throw new NotAskable(reason);
    since ??= hr();
    if (state === "connecting" && isNew && hr() - since < FIRST_MS) throw new NotAskable(reason);
    isNew = false;
    if (state !== "ready") throw new Error(`no connection: ${reason}`);
  };
}
