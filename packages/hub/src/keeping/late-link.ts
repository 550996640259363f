import { WsightError } from "@wsight/protocol";
import type { ChildCalls, ChildLink, ChildRestart } from "../child-link.ts";

/** What is there already is opened this long after the start, ms: probes and viewers come first. */
const OPEN_AFTER_MS = 250;
/** A call that was not answered by then is told as a failure, ms; its answer still counts. */
const SILENT_MS = 10_000;
/** How long the end waits for what is to be kept, ms; then the process is told to end with what it has. */
const CLOSE_PATIENCE_MS = 3_000;

/** What a link is for, and who hears of it. */
export interface LateLinkSetup<Calls extends ChildCalls<Calls>, Happening> {
  /** The first word of messages: `alerts`. */
  readonly what: string;
  /** For people: `the alert desk`. */
  readonly name: string;
  /** True when there is something to open. */
  readonly isThere: boolean;
  start(hear: (event: Happening | ChildRestart) => void): Promise<ChildLink<Calls, Happening>>;
  /** What happens in the process beside the calls. */
  hear(event: Happening): void;
  /** Told of failures that no caller waits for, the same once. */
  readonly onError: (error: Error) => void;
}

/**
 * A process that is started when there is something to open (250 ms after the
 * start), or with the first call.
 *
 * *Off*: no process. A call, or the timer where there is something to open,
 * leads to *opening*; the first answer to *ok*. A call that can't be done, or a
 * process that ended, leads to *failing*, and the next success back to *ok*.
 * `close` ends all.
 */
export class LateLink<Calls extends ChildCalls<Calls>, Happening> {
  readonly #setup: LateLinkSetup<Calls, Happening>;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when it is time to open what is there, or nothing is opened any more. */
  readonly dueAt: Promise<void>;
  #due: () => void = () => undefined;
  #link: Promise<ChildLink<Calls, Happening>> | null = null;
  #running: ChildLink<Calls, Happening> | null = null;
  #state: "ok" | "opening" | "failing" | "off" = "off";
  #lastError: string | null = null;
  #trouble: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(setup: LateLinkSetup<Calls, Happening>) {
    this.#setup = setup;
    if (!setup.isThere) {
      this.dueAt = Promise.resolve();
      return;
    }
    this.#state = "opening";
    this.dueAt = new Promise((due) => {
      this.#due = due;
    });
    this.#timer = setTimeout(this.#due, OPEN_AFTER_MS).unref();
    void this.dueAt.then(() => this.#open().catch(() => undefined));
  }

  /** Id of the process; `null` while there is none. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  get state(): "ok" | "opening" | "failing" | "off" {
    return this.#trouble !== null && this.#state === "ok" ? "failing" : this.#state;
  }

  /** Why it fails; `null` while it does not. */
  get problem(): string | null {
    return this.#lastError ?? this.#trouble;
  }

  /** False while nothing was ever kept. */
  get isThere(): boolean {
    return this.#setup.isThere || this.#link !== null;
  }

  /** What fails in the process beside the calls, until one is answered or it says that it is `well`. */
  trouble(reason: string): void {
    this.#trouble = reason;
    this.tell(reason);
  }

  well(): void {
    this.#trouble = null;
  }

  /** Tells of what no caller waits for. */
  tell(reason: string): void {
    const { what, onError } = this.#setup;
    onError(new Error(reason.startsWith(what) ? reason : `${what}: ${reason}`));
  }

  /** Asks the process, which is started for it. @param isQuick false: a long silence is no failure */
  async call<Call extends keyof Calls>(
    call: Call,
    argument: Calls[Call]["argument"],
    isQuick = true,
  ): Promise<Calls[Call]["answer"]> {
    const silence = isQuick ? this.#noteSilence() : undefined;
    try {
      const answer = await (await this.#open()).call(call, argument);
      this.#state = "ok";
      this.#lastError = this.#trouble = null;
      return answer;
    } catch (error) {
      if (!(error instanceof WsightError) || error.code === "STORE_UNAVAILABLE") this.#fail(error);
      throw error;
    } finally {
      clearTimeout(silence);
    }
  }

  /** Ends the process once `finish` is done, or is late; safe to call twice. */
  close(finish: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#shutDown(finish);
    return this.#closing;
  }

  /** A process that is stopped, or waits for a disk or a database that never answers, says nothing by itself. */
  #noteSilence(): NodeJS.Timeout {
    const told = `${this.#setup.name} has not answered for ${SILENT_MS / 1000} s`;
    return setTimeout(() => this.#fail(new Error(told)), SILENT_MS).unref();
  }

  #open(): Promise<ChildLink<Calls, Happening>> {
    const { what, name } = this.#setup;
    if (this.#closing !== null && this.#link === null) {
      return Promise.reject(new WsightError("STORE_UNAVAILABLE", `${what}: ${name} is closed`));
    }
    clearTimeout(this.#timer);
    this.#due();
    if (this.#link === null) this.#state = "opening";
    this.#link ??= this.#start();
    return this.#link;
  }

  async #start(): Promise<ChildLink<Calls, Happening>> {
    this.#running = await this.#setup.start((event) => {
      if (isRestart(event)) this.#fail(new Error(event.reason));
      else this.#setup.hear(event);
    });
    return this.#running;
  }

  #fail(error: unknown): void {
    this.#state = "failing";
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#lastError) this.tell(reason);
    this.#lastError = reason;
  }

  async #shutDown(finish: () => Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    this.#due();
    const link = await this.#link?.catch(() => null);
    const late = setTimeout(() => void link?.close(), CLOSE_PATIENCE_MS);
    await finish();
    clearTimeout(late);
    await link?.close();
    this.#state = "off";
  }
}

function isRestart<Happening>(event: Happening | ChildRestart): event is ChildRestart {
  return typeof event === "object" && event !== null && "type" in event && event.type === "restarting";
}
