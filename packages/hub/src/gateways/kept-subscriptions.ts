import { randomUUID } from "node:crypto";
import type { MetricEvent } from "@wsight/protocol";
import type { Socket } from "socket.io";

/** How long a client may be away, ms, and how many are remembered; beyond, whoever left first is forgotten. */
const AWAY_MS = 120_000;
const MAX_AWAY = 1000;

interface Kept {
  readonly sub: string;
  readonly subscribed: readonly MetricEvent[];
  readonly at: number;
}

/**
 * Remembers what clients were subscribed to whose connection was lost, until they are back. A client is told a secret of
 * its own when it connects, and says it when it connects again: those of Socket.IO since 4.6 do so by themselves, for
 * whatever the server calls `pid`. It is good once, and for the same principal alone.
 */
export class KeptSubscriptions {
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  /** @param now ms epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Keeps what a client had, which is about to leave. */
  keep(socket: Socket, sub: string, subscribed: readonly MetricEvent[]): void {
    const { pid } = socket as unknown as { readonly pid?: string };
    if (pid === undefined) return;
    this.#kept.set(pid, { sub, subscribed, at: this.#now() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_AWAY && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** What a client had that has come back; `null` for one that is new, or was away for too long. */
  take({ handshake }: Socket, sub: string): readonly MetricEvent[] | null {
    const pid: unknown = handshake.auth.pid;
    const kept = typeof pid === "string" ? this.#kept.get(pid) : undefined;
    if (typeof pid !== "string" || kept?.sub !== sub) return null;
    this.#kept.delete(pid);
    return this.#now() - kept.at > AWAY_MS ? null : kept.subscribed;
  }
}

/** Gives a client its secret. To be called before it is told that it has connected. */
export function nameClient(socket: Socket): void {
  // A field of Socket.IO's own: it is sent as it is, and set by Socket.IO only where it restores messages, too.
  Object.assign(socket, { pid: randomUUID() });
}
