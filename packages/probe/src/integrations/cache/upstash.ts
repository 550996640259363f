import type { Finding } from "@wsight/protocol";
import { isThenable } from "../../guard.ts";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { watchedTargets } from "../../watched.ts";
import { type RedisCall, RedisOperations } from "./redis-operations.ts";
import { watchRedisServer } from "./redis-server.ts";

/** One request of Upstash's client: a command, or a list of them. */
interface UpstashRequest {
  readonly body?: unknown;
  readonly signal?: () => AbortSignal;
}

/** What every command of a client of `@upstash/redis` goes through, those of pipelines and transactions too. */
interface UpstashRequester {
  readonly request: (request: UpstashRequest) => Promise<unknown>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** A client of `@upstash/redis`, one with automatic pipelines included. */
interface UpstashClient {
  readonly client: UpstashRequester;
}

/** Watches clients of `@upstash/redis`, which speak HTTP. */
export const upstash: Integration = {
  library: "@upstash/redis",
  detect: isUpstash,
  attach(target, name, context) {
    return attachUpstash((target as UpstashClient).client, name, context);
  },
};

function isUpstash(target: unknown): boolean {
  if (typeof target !== "object" || target === null || !("client" in target)) return false;
  const { client, pipeline, hget } = target as Partial<Record<string, unknown>>;
  const { request } = Object(client) as { request?: unknown };
  return typeof request === "function" && typeof pipeline === "function" && typeof hget === "function";
}

function attachUpstash(client: UpstashRequester, name: string, context: ProbeContext): IntegrationHandle {
  const operations = new RedisOperations(context, name);
  const requests = watchRequests(client, operations, context);
  const ask = (command: string, signal: AbortSignal): Promise<unknown> =>
    askOnce(client, requests.send, command, signal);
  const endComponent = context.provideComponent({
    kind: "cache",
    name,
    library: "@upstash/redis",
    // A request is billed: none is made where the application's own were answered since.
    ping: async (signal) => requests.takeAnswer() ?? ask("ping", signal),
  });
  const server = watchRedisServer(context, {
    client: name,
    tier: "slow",
    ask: async () => [{ node: "", reply: await ask("info", AbortSignal.timeout(ASK_MS)) }],
  });
  return {
    finding(): Finding {
      const gaps = [
        ...(requests.watching ? [] : ["commands can't be watched: the client's request is locked or watched already"]),
        ...(operations.measuring ? [] : ["switched off after repeated faults of the probe"]),
        ...server.notes(),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      return {
        library: "@upstash/redis",
        server: name,
        version: versionOf(client),
        state,
        notes: [...gaps, "over HTTP"],
      };
    },
    detach() {
      requests.end();
      endComponent();
      server.end();
      operations.end();
    },
  };
}

/** How long a question of ours may take. */
const ASK_MS = 2000;

interface RequestsWatch {
  readonly watching: boolean;
  readonly send: UpstashRequester["request"];
  /** Seconds of the newest request that was answered since the last call of this; `null` for none. */
  readonly takeAnswer: () => number | null;
  readonly end: () => void;
}

/** In place of the client's `use`, which can't be undone. */
function watchRequests(client: UpstashRequester, operations: RedisOperations, { hr }: ProbeContext): RequestsWatch {
  const before = Object.getOwnPropertyDescriptor(client, "request");
  const send = behind(client, "request", before) as UpstashRequester["request"];
  let answerSeconds: number | null = null;
  function request(this: unknown, ...args: Parameters<UpstashRequester["request"]>): Promise<unknown> {
    const begin = hr();
    const calls = beginCalls(args[0]?.body, operations);
    const promise = Reflect.apply(send, this, args) as Promise<unknown>;
    // Whatever stands in for the client's own answers as it likes.
    if (!isThenable(promise)) {
      answerCalls(calls, promise, operations);
      return promise;
    }
    // The client itself waits for it, so that a rejection nobody handles is still one of the application's promise.
    promise.then(
      (response) => {
        answerSeconds = (hr() - begin) / 1000;
        answerCalls(calls, response, operations);
      },
      (error) => {
        for (const call of calls) if (call !== null) operations.failed(call, error);
      },
    );
    return promise;
  }
  const isFree = !watchedTargets().has(client);
  const watching = isFree && cover(client, "request", request);
  if (watching) watchedTargets().add(client);
  return {
    watching,
    send,
    takeAnswer() {
      const seconds = answerSeconds;
      answerSeconds = null;
      return seconds;
    },
    end() {
      uncover(client, "request", request, before);
      if (watching) watchedTargets().delete(client);
    },
  };
}

function beginCalls(body: unknown, operations: RedisOperations): readonly (RedisCall | null)[] {
  if (!Array.isArray(body)) return [];
  const commands: readonly unknown[] = Array.isArray(body[0]) ? body : [body];
  return commands.map((command) =>
    Array.isArray(command) ? operations.begin(command[0], command, command.length - 1) : null,
  );
}

function answerCalls(calls: readonly (RedisCall | null)[], response: unknown, operations: RedisOperations): void {
  const parts = (Array.isArray(response) ? response : [response]) as readonly unknown[];
  for (const [i, call] of calls.entries()) {
    if (call === null) continue;
    const { result, error } = Object(parts[i]) as { result?: unknown; error?: unknown };
    if (typeof error === "string") operations.failed(call, new Error(error));
    else operations.answered(call, result);
  }
}

/** Sends a command of ours, once: the client itself would try again for seconds. */
function askOnce(
  client: UpstashRequester,
  send: UpstashRequester["request"],
  command: string,
  signal: AbortSignal,
): Promise<unknown> {
  const retry = { attempts: 0, backoff: () => 0 };
  const once = Object.create(client, { retry: { value: retry } }) as UpstashRequester;
  // As a function: with a bare signal the client makes a reply of an abort.
  const answered = send.call(once, { body: [command], signal: () => signal });
  return answered.then((response) => (Object(response) as { result?: unknown }).result);
}

/** The client tells its version to the service. */
function versionOf({ headers }: UpstashRequester): string | null {
  return /@upstash\/redis@v?([\w.-]{1,32})/.exec(String(headers?.["Upstash-Telemetry-Sdk"]))?.[1] ?? null;
}
