import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { HubChanges, HubOptions } from "@wsight/hub";
import { WsightError } from "@wsight/protocol";
import { backoffMs } from "./backoff.ts";
import { type HubAddress, type HubWorker, type HubWorkerEvents, startHubWorker } from "./hub-worker.ts";

/** A hub that ran this long, in ms, was healthy: the next restart is quick again. */
const HEALTHY_MS = 60_000;
/** The hub lets nobody in with the link after this, in ms; a restart must not make it good again. */
const CODE_LIFE_MS = 900_000;

/** What happens to a hub after it was started. */
export type HubEvent =
  | { readonly type: "down"; readonly reason: string; readonly retryInMs: number }
  | { readonly type: "up"; readonly address: HubAddress; readonly restarts: number }
  /** Somebody else got the port while the hub was down: it is closed. */
  | { readonly type: "ousted" };

/** What a supervisor works with. */
export interface SupervisorParts {
  /** Module of the worker thread. */
  readonly entry: URL;
  readonly hub: HubOptions;
  /** Code of the one-time sign-in link. */
  readonly code: string;
  /** Links the probe to a hub over this port; returns how to end it. */
  readonly link: (port: MessagePort) => () => void;
  readonly authenticate: HubWorkerEvents["authenticate"];
  readonly onTrouble: HubWorkerEvents["onTrouble"];
  /** Must not throw. */
  readonly onEvent: (event: HubEvent) => void;
}

/** A hub that is kept running. */
export interface HubSupervisor {
  /**
   * Makes a thread that is ready to listen at once, some 30 MB of memory.
   * Rejects when it fails; nothing runs then.
   * @param rehearse takes some time more, to listen in less
   */
  prepare(rehearse?: boolean): Promise<void>;
  /**
   * The first start, in the thread that was prepared if there is one. Rejects when it fails; nothing runs then.
   * @param changes what differs in this first life of the hub alone
   */
  start(changes?: Pick<HubChanges, "succeeds" | "portPatienceMs">): Promise<HubAddress>;
  /** Ends the hub for good; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Keeps a hub running in a worker thread:
 *
 * - *prepared*: a thread was made, and waits for `start`.
 * - *starting*: a thread was made. When it listens, the probe gets a new link
 *   to it, and it is *running*. The first start decides: if it fails, the
 *   caller hears why, and it is *closed*.
 * - *running*: nothing to do. The thread may throw, exit, or be ended from
 *   outside; then it is *waiting*. Nothing of that reaches the application.
 * - *waiting*: the probe keeps its dead link and counts what that drops. After
 *   a pause (see `backoffMs`) it is *starting* again, on the port it had, and
 *   is told how often this happened. A later start that fails is *waiting*
 *   again, and longer; but when the port was taken meanwhile, another process
 *   has become the hub, and this one is *closed*.
 * - *closed*: for good.
 *
 * Once the first start is over, none of it keeps the process alive.
 */
export function createHubSupervisor(parts: SupervisorParts): HubSupervisor {
  return new Supervisor(parts);
}

class Supervisor implements HubSupervisor {
  readonly #parts: SupervisorParts;
  #codeExpiresAt = 0;
  #codeUsed = false;
  #worker: HubWorker | undefined;
  #prepared: HubWorker | undefined;
  #port: number | undefined;
  #unlink: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listeningSince: number | undefined;
  #attempt = 0;
  #restarts = 0;
  #lastReason: string | null = null;
  #closing: Promise<void> | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  async prepare(rehearse = false): Promise<void> {
    const worker = this.#startWorker({ ...this.#parts.hub, standby: true, rehearse });
    worker.unref();
    this.#prepared = worker;
    void worker.ended.then(() => {
      if (this.#prepared === worker) this.#prepared = undefined;
    });
    await worker.ready;
  }

  async start(changes: Pick<HubChanges, "succeeds" | "portPatienceMs"> = {}): Promise<HubAddress> {
    if (this.#closing !== undefined) throw new WsightError("INTERNAL", "The hub was closed before it listened");
    this.#codeExpiresAt = Date.now() + CODE_LIFE_MS;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const worker = prepared ?? this.#startWorker({ ...this.#parts.hub, ...this.#changes(), ...changes });
    prepared?.listen({ ...this.#changes(), ...changes });
    try {
      const address = await worker.listening;
      worker.unref();
      this.#port = address.port;
      this.#run(worker);
      void worker.ended.then((reason) => this.#wait(reason));
      return address;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #startWorker(options: HubOptions): HubWorker {
    const { entry, authenticate, onTrouble } = this.#parts;
    const onCodeUsed = (): void => {
      this.#codeUsed = true;
    };
    this.#worker = startHubWorker(entry, options, { authenticate, onTrouble, onCodeUsed });
    return this.#worker;
  }

  /** What is different in each life of the hub. */
  #changes(): HubChanges {
    const codeIsGood = !this.#codeUsed && Date.now() < this.#codeExpiresAt;
    return {
      ...(this.#port === undefined ? {} : { port: this.#port }),
      oneTimeCode: codeIsGood ? this.#parts.code : null,
      restarts: { count: this.#restarts, last: this.#lastReason },
    };
  }

  #run(worker: HubWorker): void {
    const { port1, port2 } = new MessageChannel();
    worker.link(port2);
    this.#unlink?.();
    this.#unlink = this.#parts.link(port1);
    port1.unref();
    this.#listeningSince = performance.now();
  }

  #wait(reason: string): void {
    this.#worker = undefined;
    if (this.#closing !== undefined) return;
    const healthy = this.#listeningSince !== undefined && performance.now() - this.#listeningSince >= HEALTHY_MS;
    this.#listeningSince = undefined;
    this.#attempt = healthy ? 0 : this.#attempt;
    const retryInMs = backoffMs(this.#attempt++);
    this.#restarts++;
    this.#lastReason = reason;
    this.#timer = setTimeout(() => this.#restart(), retryInMs).unref();
    this.#parts.onEvent({ type: "down", reason, retryInMs });
  }

  #restart(): void {
    const worker = this.#startWorker({ ...this.#parts.hub, ...this.#changes() });
    worker.unref();
    worker.listening.then(
      (address) => {
        if (this.#closing !== undefined) return;
        this.#run(worker);
        this.#parts.onEvent({ type: "up", address, restarts: this.#restarts });
      },
      (error: unknown) => {
        // Any other reason why it failed is also why it ended.
        if (error instanceof WsightError && error.code === "LISTEN_FAILED") this.#giveWay();
      },
    );
    void worker.ended.then((reason) => this.#wait(reason));
  }

  #giveWay(): void {
    if (this.#closing !== undefined) return;
    void this.close();
    this.#parts.onEvent({ type: "ousted" });
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#unlink?.();
    await this.#worker?.close();
  }
}
