import { WsightError } from "@wsight/protocol";
import type { AlertCommit } from "../commit.ts";
import { Together } from "./together.ts";

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** Keeps one commit; rejects when that failed, and a retry may help. */
type Keep = (commit: AlertCommit) => Promise<void>;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps one commit after the other. What comes while one is being kept is put
 * together; much of it is kept in parts, all of a label set at once. A commit
 * that fails tells its callers so, is put together with what came since, and is
 * tried again until it is kept.
 */
export class CommitQueue {
  readonly #keep: Keep;
  #waiting: Together = new Together();
  #waiters: Waiter[] = [];
  #busy: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #dropped = 0;
  #closed = false;

  constructor(keep: Keep) {
    this.#keep = keep;
  }

  /** Notices that gave way since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notices that are not kept yet. */
  get waiting(): number {
    return this.#waiting.notices;
  }

  /** Resolves once it is kept; rejects when the first try failed: it is tried again all the same. */
  add(commit: AlertCommit): Promise<void> {
    this.#dropped += this.#waiting.add(commit);
    if (this.#waiting.isEmpty && this.#busy === null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      // While it fails, the next try is soon enough; who waits for this one hears of it.
      if (this.#failures === 0 || this.#closed) this.#next();
    });
  }

  /** Tries once more to keep what waits. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#busy;
    if (!this.#waiting.isEmpty) {
      this.#next();
      await this.#busy;
    }
    for (const { reject } of this.#waiters.splice(0))
      reject(new WsightError("STORE_UNAVAILABLE", "alerts: the desk is closed"));
  }

  #next(): void {
    if (this.#busy !== null || (this.#waiting.isEmpty && this.#waiters.length === 0)) return;
    clearTimeout(this.#retry);
    this.#busy = this.#try().finally(() => {
      this.#busy = null;
      if (this.#failures === 0) this.#next();
      else if (!this.#closed) this.#again();
    });
  }

  async #try(): Promise<void> {
    const tried = this.#waiting;
    const waiters = this.#waiters;
    this.#waiting = new Together();
    this.#waiters = [];
    try {
      await this.#keepAll(tried);
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      for (const { reject } of waiters) reject(error);
    }
  }

  async #keepAll(tried: Together): Promise<void> {
    let refusal: unknown = null;
    while (!tried.isEmpty) {
      const part = tried.takePart();
      try {
        await this.#keep(part.toCommit());
      } catch (error) {
        if (!canNeverBe(error)) {
          this.#putBack(part, tried);
          throw error;
        }
        this.#dropped += part.notices;
        refusal = error;
      }
    }
    this.#failures = 0;
    if (refusal !== null) throw refusal;
  }

  /** Older comes first, so that the newest state is the one that stays. */
  #putBack(part: Together, others: Together): void {
    this.#failures++;
    this.#dropped += part.add(others.toCommit()) + part.add(this.#waiting.toCommit());
    this.#waiting = part;
  }

  #again(): void {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.#next(), longest * (0.5 + Math.random() / 2));
    this.#retry.unref();
  }
}

/** What would be refused again and again must not hold up all that comes after it. */
function canNeverBe(error: unknown): boolean {
  return error instanceof WsightError && error.code === "BAD_REQUEST";
}
