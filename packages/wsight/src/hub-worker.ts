import { type MessagePort, type TransferListItem, Worker } from "node:worker_threads";
import type { FromHubWorker, HubChanges, HubOptions, HubStage, Principal, ToHubWorker } from "@wsight/hub";
import { ERRORS, type ErrorCode, WsightError } from "@wsight/protocol";
import type { MonitorRequest } from "./monitor-options.ts";

/** A hub that has not answered after this, in ms, is ended. */
const START_MS = 15_000;
/** How long a hub may take to close, in ms, before it is ended: longer than a process that keeps things takes to start and to end. */
const CLOSE_MS = 4_000;
/** Ends a hub that leaks, instead of the process it shares with the application. */
const HEAP_MB = 512;

/** Where a hub listens. */
export interface HubAddress {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** What the hub asks and tells. None of these may throw. */
export interface HubWorkerEvents {
  readonly authenticate: (request: MonitorRequest) => Promise<Principal | null>;
  readonly onCodeUsed: () => void;
  readonly onTrouble: (message: string, stage: HubStage) => void;
}

/** One life of a hub in a worker thread. */
export interface HubWorker {
  /** Resolves once a standby could listen; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves once it listens; rejects when it can't, or ends before. */
  readonly listening: Promise<HubAddress>;
  /** Resolves with the reason when the thread is gone. Never rejects. */
  readonly ended: Promise<string>;
  /** Tells a standby to listen, with what has changed since it was started. */
  listen(changes: HubChanges): void;
  /** Lets the process exit while the hub runs. */
  unref(): void;
  /** Gives it a link to a probe. */
  link(port: MessagePort): void;
  /** Closes it in good order, else ends it; resolves when the thread is gone. */
  close(): Promise<void>;
}

/** Starts a hub in a worker thread. */
export function startHubWorker(entry: URL, options: HubOptions, events: HubWorkerEvents): HubWorker {
  const worker = new Worker(entry, {
    name: "wsight-hub",
    workerData: options,
    // Loaders and preloads of the application have no business in the hub.
    execArgv: [],
    env: withoutNodeOptions(process.env),
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const post = (message: ToHubWorker, transfer: readonly TransferListItem[] = []): void =>
    worker.postMessage(message, transfer);
  const ended = watchEnd(worker);
  const { ready, listening, expectAnswer } = watchStart(worker, ended);
  const answer = async (id: number, request: MonitorRequest): Promise<void> =>
    post({ type: "authenticated", id, principal: await events.authenticate(request) });

  worker.on("message", (message: FromHubWorker) => {
    if (message.type === "authenticate") void answer(message.id, message.request);
    else if (message.type === "code-used") events.onCodeUsed();
    else if (message.type === "trouble") events.onTrouble(message.message, message.stage);
  });

  return {
    ready,
    listening,
    ended,
    listen(changes) {
      expectAnswer();
      post({ type: "listen", changes });
    },
    unref: () => worker.unref(),
    link: (port) => post({ type: "link", port }, [port]),
    async close() {
      worker.ref();
      post({ type: "close" });
      const timer = setTimeout(() => void worker.terminate(), CLOSE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function watchEnd(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    let reason: string | undefined;
    // Without these listeners what fails in the hub would fail in the application.
    worker.on("error", (error: unknown) => {
      reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    });
    worker.on("messageerror", () => undefined);
    worker.on("message", (message: FromHubWorker) => {
      if (message.type === "failed") reason = message.message;
    });
    worker.once("exit", (code) => resolve(reason ?? `exit code ${code}`));
  });
}

interface Start {
  readonly ready: Promise<void>;
  readonly listening: Promise<HubAddress>;
  /** A word of the worker is due within {@link START_MS}. */
  readonly expectAnswer: () => void;
}

function watchStart(worker: Worker, ended: Promise<string>): Start {
  let late: NodeJS.Timeout | undefined;
  let fail: (error: WsightError) => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    worker.on("message", ({ type }: FromHubWorker) => {
      if (type !== "ready") return;
      clearTimeout(late);
      resolve();
    });
  });
  const listening = new Promise<HubAddress>((resolve, reject) => {
    fail = (error) => {
      reject(error);
      void worker.terminate();
    };
    worker.on("message", (message: FromHubWorker) => {
      if (message.type === "listening") resolve({ url: message.url, host: message.host, port: message.port });
      else if (message.type === "failed") fail(new WsightError(knownCode(message.code), message.message));
      else return;
      clearTimeout(late);
    });
    void ended.then((reason) => {
      clearTimeout(late);
      reject(new WsightError("INTERNAL", `The hub ended before it listened: ${reason}`));
    });
  });
  // A caller that only waits for the end must not find an unhandled rejection.
  listening.catch(() => undefined);
  const expectAnswer = (): void => {
    clearTimeout(late);
    late = setTimeout(
      () => fail(new WsightError("INTERNAL", `The hub did not start within ${START_MS / 1000} s`)),
      START_MS,
    ).unref();
  };
  expectAnswer();
  const readyOrFailed = Promise.race([ready, listening.then(() => undefined)]);
  readyOrFailed.catch(() => undefined);
  return { ready: readyOrFailed, listening, expectAnswer };
}

function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : "INTERNAL";
}

function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env;
  return rest;
}
