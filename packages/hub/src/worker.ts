import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { describe, type LinkMessage, WsightError } from "@wsight/protocol";
import type { Authenticate } from "./access/authenticate.ts";
import type { Principal } from "./access/principal.ts";
import type { HubStage, OnHubError } from "./errors.ts";
import { createHub, type Hub } from "./hub.ts";
import type { FromHubWorker, HubChanges, HubOptions, ToHubWorker } from "./hub-options.ts";
import { rehearse } from "./rehearse.ts";

/** Between two reports of trouble of one stage, in ms. */
const TROUBLE_EVERY_MS = 10_000;

type Post = (message: FromHubWorker) => void;

/**
 * The thread in which a hub runs. Started with {@link HubOptions} as
 * `workerData`, it speaks {@link ToHubWorker} and {@link FromHubWorker}: first
 * `listening` or `failed`, at the end `closed`, after which it ends by itself.
 * A standby says `ready` before, and stays so until it is told to `listen`.
 */
async function runWorker(starter: MessagePort, options: HubOptions): Promise<void> {
  const post: Post = (message) => starter.postMessage(message);
  const questions = createQuestions(post);
  const { authenticate, ...rest } = options;
  const start = (changes: HubChanges): Promise<Hub> =>
    createHub({
      ...rest,
      ...changes,
      ...(authenticate === true ? { authenticate: questions.ask } : {}),
      onCodeUsed: () => post({ type: "code-used" }),
      onError: createTroubleReport(post),
    });
  const starting = options.standby === true ? standBy(starter, post, options.rehearse === true).then(start) : start({});
  const links = new Map<MessagePort, (message: unknown) => void>();

  function openLink(hub: Hub, port: MessagePort): void {
    const link = hub.openLink((reply) => port.postMessage(reply));
    const receive = (message: unknown): void => link.receive(isLinkMessage(message) ? message : describe(message));
    links.set(port, receive);
    port.once("close", () => {
      links.delete(port);
      link.close();
    });
    port.on("message", receive);
  }

  async function stop(hub: Hub): Promise<void> {
    for (const [port, receive] of links) {
      // A goodbye that was said before the hub was told to stop is heard before it stops.
      for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port))
        receive(last.message);
      port.close();
    }
    await hub.close();
    end();
  }

  function end(): void {
    post({ type: "closed" });
    starter.close();
  }

  let onStandby = options.standby === true;
  starter.on("message", (message: ToHubWorker) => {
    if (message.type === "listen") onStandby = false;
    else if (message.type === "authenticated") questions.answer(message.id, message.principal);
    else if (message.type === "link") starting.then((hub) => openLink(hub, message.port), ignore);
    else if (onStandby) end();
    else starting.then(stop, ignore);
  });

  try {
    const { url, host, port } = await starting;
    post({ type: "listening", url, host, port });
  } catch (error) {
    post({ type: "failed", ...explain(error) });
    starter.close();
  }
}

/** Gets everything ready that needs no port, says so, and resolves with what has changed when it is told to listen. */
async function standBy(starter: MessagePort, post: Post, rehearsed: boolean): Promise<HubChanges> {
  const told = new Promise<HubChanges>((resolve) => {
    starter.on("message", (message: ToHubWorker) => {
      if (message.type === "listen") resolve(message.changes);
    });
  });
  if (rehearsed) await rehearse().catch(ignore);
  post({ type: "ready" });
  return told;
}

/** Puts `authenticate` to the starter's thread. The hub gives up on a question by itself, so few wait here. */
function createQuestions(post: Post): {
  readonly ask: Authenticate;
  readonly answer: (id: number, principal: Principal | null) => void;
} {
  const waiting = new Map<number, (principal: Principal | null) => void>();
  /** Beyond what can wait at once, a question will never be answered. */
  const maxWaiting = 1024;
  let next = 0;
  return {
    ask: (request) =>
      new Promise((resolve) => {
        const id = next++;
        waiting.set(id, resolve);
        waiting.delete(id - maxWaiting);
        post({ type: "authenticate", id, request });
      }),
    answer(id, principal) {
      waiting.get(id)?.(principal);
      waiting.delete(id);
    },
  };
}

function createTroubleReport(post: Post): OnHubError {
  const reportedAt = new Map<HubStage, number>();
  return (error, { stage }) => {
    const now = performance.now();
    if (now - (reportedAt.get(stage) ?? Number.NEGATIVE_INFINITY) < TROUBLE_EVERY_MS) return;
    reportedAt.set(stage, now);
    post({ type: "trouble", stage, message: explain(error).message });
  };
}

function explain(error: unknown): { readonly code: string; readonly message: string } {
  const code = error instanceof WsightError ? error.code : "INTERNAL";
  return { code, message: error instanceof Error ? error.message : String(error) };
}

/** Anything else is put into words, and counted by ingest as what it is: not understood. */
function isLinkMessage(message: unknown): message is LinkMessage {
  return typeof message === "string" || message instanceof Uint8Array;
}

function ignore(): void {}

if (parentPort !== null) void runWorker(parentPort, workerData as HubOptions);
