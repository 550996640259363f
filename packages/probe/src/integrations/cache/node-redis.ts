import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { watchedTargets } from "../../watched.ts";
import { isNodeRedis, type NodeRedisClient, type NodeRedisQueue } from "./node-redis-like.ts";
import { type RedisCall, RedisOperations } from "./redis-operations.ts";
import { createReadinessCheck } from "./redis-readiness.ts";
import { type InfoReply, watchRedisServer } from "./redis-server.ts";

/** Watches clients of `redis` (node-redis), version 5.8 and later. */
export const nodeRedis: Integration = {
  library: "redis",
  detect: isNodeRedis,
  attach(target, name, context) {
    return attachNodeRedis(target as NodeRedisClient, name, context);
  },
};

function attachNodeRedis(client: NodeRedisClient, name: string, context: ProbeContext): IntegrationHandle {
  const operations = new RedisOperations(context, name);
  const queue = client._getQueue?.();
  const commands = queue === undefined ? null : watchQueue(client, queue, operations);
  const version = libraryVersion(client, "/@redis/client/dist/lib/client/index.js");
  const protocol = client.options?.RESP ?? (version === null || version.startsWith("5.") ? 2 : 3);
  const isBusy = (): boolean =>
    operations.waiting > 0 ||
    commands?.isMonitor() === true ||
    // Under RESP 2 a connection with subscriptions takes few commands.
    (client.isPubSubActive === true && protocol === 2);
  const reach = createReach(client, isBusy, commands, context);
  const endComponent = context.provideComponent({ kind: "cache", name, library: "redis", ping: reach.ping });
  const server = watchRedisServer(context, { client: name, tier: "medium", ask: reach.info });
  return {
    finding(): Finding {
      const gaps = [
        ...(commands === null ? ["commands can't be watched: redis 5.8 or later is needed"] : []),
        ...(commands?.watching === false ? ["commands can't be watched: the queue is locked or watched already"] : []),
        ...(operations.measuring ? [] : ["switched off after repeated faults of the probe"]),
        ...server.notes(),
      ];
      return {
        library: "redis",
        server: name,
        version,
        state: gaps.length === 0 ? "attached" : "partial",
        notes: gaps,
      };
    },
    detach() {
      commands?.end();
      endComponent();
      server.end();
      operations.end();
    },
  };
}

interface QueueWatch {
  readonly watching: boolean;
  /** True while replies go to a listener of `MONITOR`: a command of ours would disturb it. */
  readonly isMonitor: () => boolean;
  /** Runs `send`; what it sends is not counted. */
  readonly own: <T>(send: () => T) => T;
  readonly end: () => void;
}

/**
 * The queue sees every command, with its reply, whichever way it came: as a call, within a pipeline or a transaction,
 * through a copy of the client with options of its own. The library's own channels see less (no replies of
 * transactions), cost more, and are one for all clients of the process.
 */
function watchQueue(client: NodeRedisClient, queue: NodeRedisQueue, operations: RedisOperations): QueueWatch {
  const now: Now = { isOwn: false, isDirect: false, isMonitor: false, batch: null };
  const inner = client._self ?? client;
  if (watchedTargets().has(queue)) return { watching: false, isMonitor: () => true, own: (send) => send(), end() {} };

  const covers = [
    coverWith(queue, "addCommand", (add) => {
      return function addCommand(this: unknown, ...args: Parameters<NodeRedisQueue["addCommand"]>): Promise<unknown> {
        const promise = Reflect.apply(add, this, args) as Promise<unknown>;
        // What the client sends of its own as it connects.
        const isHandshake = args[1]?.asap === true && args[1].chainId !== undefined;
        return now.isOwn || isHandshake ? promise : see(promise, args[0], operations, now);
      };
    }),
    // The application's own calls of `sendCommand` get the promise of the queue itself, others one of their own.
    coverWith(inner, "sendCommand", (send) => {
      return function sendCommand(this: unknown, ...args: unknown[]): unknown {
        now.isDirect = this !== inner;
        try {
          return Reflect.apply(send, this, args);
        } finally {
          now.isDirect = false;
        }
      };
    }),
    ...["_executePipeline", "_executeMulti"].map((name) =>
      coverWith(inner, name, (execute) => {
        return function (this: unknown, ...args: unknown[]): unknown {
          const batch: Batch = { calls: [], promises: [] };
          now.batch = batch;
          try {
            const executed = Reflect.apply(execute, this, args) as Promise<unknown>;
            settleBatch(executed, batch, operations, name === "_executeMulti");
            return executed;
          } finally {
            now.batch = null;
          }
        };
      }),
    ),
    coverWith(queue, "monitor", (monitor) => {
      return function (this: unknown, ...args: unknown[]): unknown {
        now.isMonitor = true;
        return Reflect.apply(monitor, this, args);
      };
    }),
    coverWith(queue, "reset", (reset) => {
      return function (this: unknown, ...args: unknown[]): unknown {
        now.isMonitor = false;
        return Reflect.apply(reset, this, args);
      };
    }),
  ];
  const watching = covers[0]?.covered === true;
  if (watching) watchedTargets().add(queue);
  return {
    watching,
    isMonitor: () => now.isMonitor,
    own(send) {
      now.isOwn = true;
      try {
        return send();
      } finally {
        now.isOwn = false;
      }
    },
    end() {
      for (const { end } of covers) end();
      if (watching) watchedTargets().delete(queue);
    },
  };
}

/** What is being sent, while it is: `addCommand` runs within each of these. */
interface Now {
  isOwn: boolean;
  isDirect: boolean;
  isMonitor: boolean;
  batch: Batch | null;
}

/** The commands of a pipeline or a transaction. */
interface Batch {
  readonly calls: (RedisCall | null)[];
  readonly promises: Promise<unknown>[];
}

function see(
  promise: Promise<unknown>,
  args: readonly unknown[],
  operations: RedisOperations,
  { isDirect, batch }: Now,
): Promise<unknown> {
  if (batch !== null) {
    batch.calls.push(operations.begin(args[0], args, args.length - 1));
    batch.promises.push(promise);
    return promise;
  }
  if (!isDirect) {
    // The client itself waits for it, so that a rejection nobody handles is still one of the application's promise.
    operations.follow(promise, args);
    return promise;
  }
  // To handle a promise that the application holds would hide that the application does not: it gets the next one.
  const handed = promise.then((reply) => reply);
  operations.follow(promise, args);
  return handed;
}

/** The replies of a batch come with its own, in one list; where one failed, each command is asked. */
function settleBatch(executed: Promise<unknown>, batch: Batch, operations: RedisOperations, isMulti: boolean): void {
  const { calls, promises } = batch;
  const settle = (replies: unknown): void => {
    if (!Array.isArray(replies)) return;
    for (const [i, call] of calls.entries()) {
      if (call === null) continue;
      if (!isMulti) operations.answered(call, replies[i]);
      else if (i === calls.length - 1) operations.answered(call, replies);
      else operations.answered(call, i === 0 ? "OK" : "QUEUED");
    }
  };
  const settleEach = (): void => {
    for (const [i, call] of calls.entries()) {
      if (call === null) continue;
      promises[i]?.then(
        (reply) => operations.answered(call, reply),
        (error) => operations.failed(call, error),
      );
    }
  };
  executed.then(settle, settleEach);
}

interface Cover {
  readonly covered: boolean;
  readonly end: () => void;
}

function coverWith(
  target: object,
  key: string,
  make: (original: (...args: never[]) => unknown) => (...args: never[]) => unknown,
): Cover {
  const before = Object.getOwnPropertyDescriptor(target, key);
  if (!(key in target)) return { covered: false, end() {} };
  const method = make(behind(target, key, before));
  return { covered: cover(target, key, method), end: () => uncover(target, key, method, before) };
}

/** How the server is asked for something of ours: never through a queue that waits for a connection. */
interface Reach {
  readonly ping: () => Promise<unknown>;
  readonly info: () => Promise<readonly InfoReply[]> | null;
}

function createReach(
  client: NodeRedisClient,
  isBusy: () => boolean,
  commands: QueueWatch | null,
  context: ProbeContext,
): Reach {
  const check = createReadinessCheck(context.hr);
  const send = (command: string): Promise<unknown> => {
    const sent = (): Promise<unknown> => client.sendCommand([command]);
    return commands === null ? sent() : commands.own(sent);
  };
  let wasOpen = false;
  return {
    async ping() {
      wasOpen ||= client.isOpen;
      if (client.isReady) check("ready", "");
      else if (client.isOpen) check("connecting", "connecting");
      else check(wasOpen ? "lost" : "idle", wasOpen ? "closed" : "not connected yet");
      // Behind a command that waits by design, or among messages, a ping would measure something else.
      return isBusy() ? null : send("PING");
    },
    info() {
      if (!client.isReady || isBusy()) return null;
      return send("INFO").then((reply) => [{ node: "", reply }]);
    },
  };
}
