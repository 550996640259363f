import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type ErrorCode, WsightError } from "@wsight/protocol";

const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 10_000;
/** What a terminal sends to all of its processes; those that are loaded hold it off. */
const TO_ALL: readonly unknown[] = ["SIGINT", "SIGTERM", "SIGHUP"];
/** How long a process that was told to close may take before it is killed. */
const CLOSE_MS = 10_000;

/** Arguments and answers of what a process can be asked; every one can be closed. */
export type ChildCalls<Calls> = {
  readonly [Call in keyof Calls]: { readonly argument: unknown; readonly answer: unknown };
} & { readonly close: { readonly argument: null; readonly answer: null } };

/** What a process sends back. */
export type FromChild<Answer, Happening> =
  | { readonly type: "answer"; readonly id: number; readonly answer: Answer }
  | {
      readonly type: "refused";
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: unknown;
    }
  | { readonly type: "event"; readonly event: Happening };

/** How a process is started, and what is said of it. */
export interface ChildSetup {
  /** What the process is for, the first word of messages: `history`. */
  readonly what: string;
  /** For people: `the store`. */
  readonly name: string;
  /** Compiled entry of the process. */
  readonly module: URL;
  /** Variables beside those of this process. Not arguments: those are for all to see, and options hold passwords. */
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  /** Calls that may wait for the process at once; further ones are refused. */
  readonly maxInFlight: number;
}

/** The process ended unasked and is started again after `delayMs`. */
export interface ChildRestart {
  readonly type: "restarting";
  readonly delayMs: number;
  readonly reason: string;
}

interface PendingCall {
  /** As it is sent. */
  readonly message: { readonly id: number; readonly call: string; readonly argument: unknown };
  readonly resolve: (answer: never) => void;
  readonly reject: (error: WsightError) => void;
  /** Called before either. */
  readonly settled: () => void;
}

/**
 * Calls into a process that holds a database. A process and not a thread:
 * libsql 0.5 ends the whole process with SIGABRT when its thread is ended
 * within a native call, as `process.exit()` does to every worker thread. The
 * application that is watched must not die of that.
 *
 * *Running*: calls go to the process, which answers in order. A process that
 * ends unasked rejects what was waiting and leads to *restarting*: calls are
 * refused until a new process is started, after a delay that doubles with each
 * end and begins anew with the first answer. `close` leads to *closed* from
 * anywhere: what was accepted is answered first, and every later call refused.
 *
 * It keeps its parent alive only while a call waits, and ends with it.
 */
export class ChildLink<Calls extends ChildCalls<Calls>, Happening> {
  readonly #setup: ChildSetup;
  readonly #report: (event: Happening | ChildRestart) => void;
  readonly #pending = new Map<number, PendingCall>();
  #child: ChildProcess | null = null;
  #restart: NodeJS.Timeout | undefined;
  #restarts = 0;
  #started = 0;
  #lastId = 0;
  #fault = "";
  #closing: Promise<void> | null = null;

  constructor(setup: ChildSetup, report: (event: Happening | ChildRestart) => void) {
    this.#setup = setup;
    this.#report = report;
    this.#start();
  }

  /** Grows with each process: what was told to an earlier one is not known to it. */
  get started(): number {
    return this.#started;
  }

  /** Process id; `null` while none is running. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Asks the process. Rejects with `STORE_UNAVAILABLE`, and with the signal's reason as soon as that is aborted. */
  call<Call extends keyof Calls>(
    call: Call,
    argument: Calls[Call]["argument"],
    signal?: AbortSignal,
  ): Promise<Calls[Call]["answer"]> {
    const { maxInFlight, name } = this.#setup;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#closing !== null) return this.#refuse(`${name} is closed`);
    if (this.#pending.size >= maxInFlight) {
      return this.#refuse(`expected at most ${maxInFlight} calls at once, got one more; try again later`);
    }
    return this.#post(call, argument, signal);
  }

  /** Lets the process finish what it was asked, then ends it; safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  #post<Call extends keyof Calls>(
    call: Call,
    argument: Calls[Call]["argument"],
    signal?: AbortSignal,
  ): Promise<Calls[Call]["answer"]> {
    const child = this.#child;
    if (child === null) return this.#refuse(`${this.#setup.name}'s process is being restarted (${this.#fault})`);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        child.send({ cancel: id }, () => undefined);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settled = (): void => signal?.removeEventListener("abort", abort);
      const message = { id, call: String(call), argument };
      this.#pending.set(id, { message, resolve, reject, settled });
      child.ref();
      child.channel?.ref();
      // What can't be sent is rejected when the process is found to have ended.
      child.send(message, () => undefined);
    });
  }

  #start(): ChildProcess | null {
    const { module, env, execArgv } = this.#setup;
    try {
      const child = fork(module, [], {
        env: { ...process.env, ...env },
        execArgv: [...execArgv],
        serialization: "advanced",
        stdio: ["ignore", "ignore", "ignore", "ipc"],
      });
      this.#child = child;
      this.#started++;
      child.on("message", (message: FromChild<unknown, Happening>) => this.#take(message));
      child.once("error", (error) => this.#stopped(child, error.message));
      let heard = false;
      child.once("message", () => {
        heard = true;
      });
      child.once("exit", (code, signal) => {
        const reason = `it ended with ${signal ?? `status ${code}`}`;
        if (heard || !TO_ALL.includes(signal)) this.#stopped(child, reason);
        else this.#startedInVain(child, reason);
      });
      this.#letParentGo();
      return child;
    } catch (error) {
      // Processes may be forbidden here (`--permission`), or there are too many.
      this.#stopped(null, String(error));
      return null;
    }
  }

  #take(message: FromChild<unknown, Happening>): void {
    if (message.type === "event") this.#report(message.event);
    else this.#settle(message);
  }

  #settle(message: Exclude<FromChild<unknown, Happening>, { type: "event" }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#letParentGo();
    this.#restarts = 0;
    pending?.settled();
    if (message.type === "answer") pending?.resolve(message.answer as never);
    else pending?.reject(new WsightError(message.code, message.message, { details: message.details }));
  }

  #letParentGo(): void {
    this.#child?.unref();
    this.#child?.channel?.unref();
  }

  /** While it loads it can't hold off what is meant for its parent: another one, once, is asked what it was asked. */
  #startedInVain(child: ChildProcess, reason: string): void {
    if (child !== this.#child || this.#closing !== null || this.#restarts > 0) {
      this.#stopped(child, reason);
      return;
    }
    this.#child = null;
    this.#fault = reason;
    this.#restarts++;
    const another = this.#start();
    for (const { message } of this.#pending.values()) another?.send(message, () => undefined);
    if (this.#pending.size === 0) return;
    another?.ref();
    another?.channel?.ref();
  }

  #stopped(child: ChildProcess | null, reason: string): void {
    // A process that fails to start may tell it twice, by `error` and by `exit`.
    if (child !== this.#child) return;
    const { what, name } = this.#setup;
    this.#child = null;
    this.#fault = reason;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, settled } of waiting) {
      settled();
      reject(new WsightError("STORE_UNAVAILABLE", `${what}: ${name}'s process stopped (${reason})`));
    }
    if (this.#closing !== null) return;
    const longest = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#restarts++);
    const delayMs = Math.round(longest * (0.5 + Math.random() / 2));
    this.#restart = setTimeout(() => this.#start(), delayMs);
    this.#restart.unref();
    this.#report({ type: "restarting", delayMs, reason });
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === null) return;
    const killer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
    const ended = Promise.race([once(child, "exit"), once(child, "error")]).catch(() => undefined);
    // A close that fails has been answered too; the process ends either way.
    await this.#post("close", null).catch(() => undefined);
    child.ref();
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(killer);
  }

  #refuse(message: string): Promise<never> {
    return Promise.reject(new WsightError("STORE_UNAVAILABLE", `${this.#setup.what}: ${message}`));
  }
}
