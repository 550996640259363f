import { Worker } from "node:worker_threads";
import { WsightError } from "@wsight/protocol";
import type { DatabaseOptions, FromStoreWorker, StoreCall, StoreCalls, StoreEvent } from "./messages.ts";

/** Calls that may wait for the worker at once; further ones are refused. */
export const MAX_IN_FLIGHT = 64;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** The worker's heap; a page of rows takes a few MB. */
const HEAP_MB = 256;

interface PendingCall {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: WsightError) => void;
}

/**
 * Calls into the worker that holds the database.
 *
 * *Running*: calls go to the worker, which answers in order. A worker that
 * stops unasked rejects what was waiting and leads to *restarting*: calls are
 * refused until a new worker is started, after a delay that doubles with each
 * stop and begins anew with the first answer. `close` leads to *closed* from
 * anywhere: what was accepted is answered first, and every later call refused.
 *
 * The worker keeps the process alive only while a call waits for it.
 */
export class WorkerLink {
  readonly #options: DatabaseOptions;
  readonly #report: (event: StoreEvent) => void;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Worker | null = null;
  #restart: NodeJS.Timeout | undefined;
  #restarts = 0;
  #lastId = 0;
  #fault: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: DatabaseOptions, report: (event: StoreEvent) => void) {
    this.#options = options;
    this.#report = report;
    this.#start();
  }

  /** Asks the worker; buffers in `transfer` move to it. Rejects with `STORE_UNAVAILABLE`. */
  call<Call extends StoreCall>(
    call: Call,
    argument: StoreCalls[Call]["argument"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<StoreCalls[Call]["answer"]> {
    if (this.#closing !== null) return refuse("history: the store is closed");
    if (this.#pending.size >= MAX_IN_FLIGHT) {
      return refuse(`history: expected at most ${MAX_IN_FLIGHT} calls at once, got one more; try again later`);
    }
    return this.#post(call, argument, transfer);
  }

  /** Lets the worker finish what it was asked, then ends it; safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  #post<Call extends StoreCall>(
    call: Call,
    argument: StoreCalls[Call]["argument"],
    transfer: readonly ArrayBuffer[],
  ): Promise<StoreCalls[Call]["answer"]> {
    const worker = this.#worker;
    if (worker === null) return refuse(`history: the store's worker is being restarted (${this.#fault})`);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, call, argument }, transfer);
    });
  }

  #start(): void {
    const worker = new Worker(new URL("./libsql-worker.js", import.meta.url), {
      name: "wsight-store",
      workerData: this.#options,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.unref();
    worker.on("message", (message: FromStoreWorker) => this.#take(message));
    worker.on("error", (error) => {
      this.#fault = error.message;
    });
    worker.on("exit", () => this.#stopped());
    this.#worker = worker;
    this.#fault = null;
  }

  #take(message: FromStoreWorker): void {
    if (message.type === "event") this.#report(message.event);
    else this.#settle(message);
  }

  #settle(message: Exclude<FromStoreWorker, { type: "event" }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#worker?.unref();
    this.#restarts = 0;
    if (message.type === "answer") pending?.resolve(message.answer as never);
    else pending?.reject(new WsightError(message.code, message.message));
  }

  #stopped(): void {
    this.#worker = null;
    this.#fault ??= "it ended unasked";
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) {
      reject(new WsightError("STORE_UNAVAILABLE", `history: the store's worker stopped (${this.#fault})`));
    }
    if (this.#closing !== null) return;
    const longest = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#restarts++);
    const delayMs = Math.round(longest * (0.5 + Math.random() / 2));
    this.#restart = setTimeout(() => this.#start(), delayMs);
    this.#restart.unref();
    this.#report({ type: "restarting", delayMs, reason: this.#fault });
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === null) return;
    // A close that fails has been answered too; the worker ends either way.
    await this.#post("close", null, []).catch(() => undefined);
    await worker.terminate();
  }
}

function refuse(message: string): Promise<never> {
  return Promise.reject(new WsightError("STORE_UNAVAILABLE", message));
}
