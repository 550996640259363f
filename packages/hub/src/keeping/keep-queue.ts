import { WsightError } from "@wsight/protocol";

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** Several batches as one. Bounded. */
export interface Pile<Batch> {
  readonly isEmpty: boolean;
  /** How many of the things are in it that give way when there is no room. */
  readonly size: number;
  /** Puts a newer batch on it; says how many things gave way. */
  add(batch: Batch): number;
  /** Takes some of it out. */
  takePart(): Pile<Batch>;
  toBatch(): Batch;
}

/** How batches are put together, and what becomes of callers. */
export interface KeepQueueOptions<Batch> {
  /** Keeps one batch; rejects when that failed, and a retry may help. */
  readonly keep: (batch: Batch) => Promise<void>;
  /** Makes an empty pile. */
  readonly pile: () => Pile<Batch>;
  /** What is said to who comes too late: `alerts: the desk is closed`. */
  readonly closed: string;
  /** True: callers wait through failures. False: they hear of the first; it is tried again all the same. */
  readonly isPatient: boolean;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps one batch after the other. What comes while one is being kept is put
 * together; much of it is kept in parts. A batch that fails is put together
 * with what came since, and is tried again until it is kept.
 */
export class KeepQueue<Batch> {
  readonly #options: KeepQueueOptions<Batch>;
  #waiting: Pile<Batch>;
  #waiters: Waiter[] = [];
  #busy: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #dropped = 0;
  #closed = false;
  /** Closed, and nothing is tried any more. */
  #over = false;

  constructor(options: KeepQueueOptions<Batch>) {
    this.#options = options;
    this.#waiting = options.pile();
  }

  /** Things that gave way since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Things that are not kept yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves once it is kept; rejects when it will never be, or, unless callers are patient, when the first try failed. */
  add(batch: Batch): Promise<void> {
    if (this.#over) return Promise.reject(this.#tooLate());
    this.#dropped += this.#waiting.add(batch);
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
    this.#over = true;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#tooLate());
  }

  #tooLate(): WsightError {
    return new WsightError("STORE_UNAVAILABLE", this.#options.closed);
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
    this.#waiting = this.#options.pile();
    this.#waiters = [];
    try {
      await this.#keepAll(tried);
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      if (this.#options.isPatient && this.#failures > 0) this.#waiters = waiters.concat(this.#waiters);
      else for (const { reject } of waiters) reject(error);
    }
  }

  async #keepAll(tried: Pile<Batch>): Promise<void> {
    let refusal: unknown = null;
    while (!tried.isEmpty) {
      const part = tried.takePart();
      try {
        await this.#options.keep(part.toBatch());
      } catch (error) {
        if (!canNeverBe(error)) {
          this.#putBack(part, tried);
          throw error;
        }
        this.#dropped += part.size;
        refusal = error;
      }
    }
    this.#failures = 0;
    if (refusal !== null) throw refusal;
  }

  /** Older comes first, so that the newest state is the one that stays. */
  #putBack(part: Pile<Batch>, others: Pile<Batch>): void {
    this.#failures++;
    this.#dropped += part.add(others.toBatch()) + part.add(this.#waiting.toBatch());
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
