import { PLAN_PRIORITIES } from "@wsight/protocol";
import type { Document } from "./document.ts";

/** A document that waits for its next try. */
export interface Waiting {
  readonly document: Document;
  /** From 1. */
  readonly attempt: number;
}

/** Documents that wait: those of the better plan first, then those that came first. At most `room` of them. */
export class WaitingRoom {
  readonly #room: number;
  readonly #waiting: Waiting[] = [];
  readonly #idle: ((next: Waiting | null) => void)[] = [];
  #closed = false;

  constructor(room: number) {
    this.#room = room;
  }

  get isFull(): boolean {
    return this.#waiting.length >= this.#room;
  }

  /** A worker that waits takes it at once. */
  add(waiting: Waiting): void {
    if (this.#closed) return;
    const worker = this.#idle.shift();
    if (worker !== undefined) {
      worker(waiting);
      return;
    }
    const rank = rankOf(waiting);
    const behind = this.#waiting.findIndex((one) => rankOf(one) > rank);
    this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, waiting);
  }

  /** The next one, as soon as there is one; `null` once it is closed. */
  take(): Promise<Waiting | null> {
    const next = this.#waiting.shift();
    if (next !== undefined || this.#closed) return Promise.resolve(next ?? null);
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closed = true;
    for (const worker of this.#idle.splice(0)) worker(null);
  }
}

function rankOf({ document }: Waiting): number {
  return PLAN_PRIORITIES[document.plan];
}
