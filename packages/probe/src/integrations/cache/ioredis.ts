import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import {
  type IoredisClient,
  type IoredisCluster,
  type IoredisCommand,
  isIoredis,
  isIoredisCluster,
} from "./ioredis-like.ts";
import { type RedisCall, RedisOperations } from "./redis-operations.ts";
import { createReadinessCheck, type Readiness } from "./redis-readiness.ts";
import { type InfoReply, watchRedisServer } from "./redis-server.ts";

/** Watches clients of ioredis, version 5 and later, single ones and of clusters. */
export const ioredis: Integration = {
  library: "ioredis",
  detect: isIoredis,
  attach(target, name, context) {
    return attachIoredis(target as IoredisClient | IoredisCluster, name, context);
  },
};

/** Nodes of a cluster that are pinged and read. */
const MAX_NODES = 64;

function attachIoredis(client: IoredisClient | IoredisCluster, name: string, context: ProbeContext): IntegrationHandle {
  const operations = new RedisOperations(context, name);
  const commands = watchCommands(client, operations);
  const reach = isIoredisCluster(client)
    ? reachCluster(client, operations, context)
    : reachClient(client, commands.send, operations, context);
  const endComponent = context.provideComponent({ kind: "cache", name, library: "ioredis", ping: reach.ping });
  const server = watchRedisServer(context, { client: name, tier: "medium", ask: reach.info });
  const version = libraryVersion(client, isIoredisCluster(client) ? "/built/cluster/index.js" : "/built/Redis.js");
  return {
    finding(): Finding {
      const gaps = [
        ...(commands.watching ? [] : ["commands can't be watched: sendCommand is locked"]),
        ...(operations.measuring ? [] : ["switched off after repeated faults of the probe"]),
        ...server.notes(),
      ];
      const kind = isIoredisCluster(client) ? ["cluster"] : [];
      const state = gaps.length === 0 ? "attached" : "partial";
      return { library: "ioredis", server: name, version, state, notes: [...gaps, ...kind] };
    },
    detach() {
      commands.end();
      endComponent();
      server.end();
      operations.end();
    },
  };
}

interface CommandsWatch {
  readonly watching: boolean;
  /** Sends a command that is not counted. */
  readonly send: IoredisClient["sendCommand"];
  readonly end: () => void;
}

/** Stands on a command that was seen, so that one that is sent again is not counted again. */
interface Seen {
  readonly call: RedisCall;
  readonly operations: RedisOperations;
  readonly resolve: IoredisCommand["resolve"];
  readonly reject: IoredisCommand["reject"];
  isSettled: boolean;
}

const SEEN = Symbol("wsight.seen");

/** Everything a client sends goes through `sendCommand`: single commands, those of pipelines, and those sent again. */
function watchCommands(client: IoredisClient | IoredisCluster, operations: RedisOperations): CommandsWatch {
  const before = Object.getOwnPropertyDescriptor(client, "sendCommand");
  const send = behind(client, "sendCommand", before) as IoredisClient["sendCommand"];
  function sendCommand(this: IoredisClient, ...args: Parameters<IoredisClient["sendCommand"]>): unknown {
    see(args[0], this, operations);
    return Reflect.apply(send, this, args);
  }
  const watching = cover(client, "sendCommand", sendCommand);
  return { watching, send, end: () => uncover(client, "sendCommand", sendCommand, before) };
}

/** What ioredis sends of its own while it connects. */
const HANDSHAKE: ReadonlySet<string> = new Set(["auth", "hello", "select", "client", "readonly", "info"]);

function see(command: IoredisCommand, { status }: { readonly status: string }, operations: RedisOperations): void {
  // Where nothing can be put on it, or it is none at all: that is between the application and ioredis.
  if (!Object.isExtensible(command)) return;
  // Sent again after it waited for a connection, or lost one. A pipeline of a cluster that was redirected makes its
  // commands anew: those are counted anew.
  if (command.resolve === answered) return;
  if (status === "connect" && HANDSHAKE.has(command.name)) return;
  const call = operations.begin(command.name, command.args, command.args.length);
  if (call === null) return;
  const seen: Seen = { call, operations, resolve: command.resolve, reject: command.reject, isSettled: false };
  command[SEEN] = seen;
  command.resolve = answered;
  command.reject = failed;
}

/**
 * Shared by all commands: no listener is added to their promises, so that a rejection nobody handles stays one. Only
 * the first settling counts: a reply may come after a timeout.
 */
function answered(this: IoredisCommand, reply: unknown): unknown {
  const seen = this[SEEN] as Seen;
  if (!seen.isSettled) seen.operations.answered(seen.call, reply);
  seen.isSettled = true;
  return seen.resolve.call(this, reply);
}

function failed(this: IoredisCommand, error: unknown): unknown {
  const seen = this[SEEN] as Seen;
  if (!seen.isSettled) seen.operations.failed(seen.call, error);
  seen.isSettled = true;
  return seen.reject.call(this, error);
}

/** How a server is asked for something of ours. */
interface Reach {
  readonly ping: () => Promise<unknown>;
  readonly info: () => Promise<readonly InfoReply[]> | null;
}

function reachClient(
  client: IoredisClient,
  send: IoredisClient["sendCommand"],
  operations: RedisOperations,
  context: ProbeContext,
): Reach {
  const check = createReadinessCheck(context.hr);
  const busy = (): boolean => client.mode !== "normal" || operations.waiting > 0;
  return {
    ping() {
      check(readinessOf(isReady(client), client.status), reasonOf(client.status));
      // Behind a command that waits by design, or among messages, a ping would measure something else.
      return busy() ? Promise.resolve(null) : callOwn(client, send, "ping");
    },
    info: () =>
      isReady(client) && !busy() ? callOwn(client, send, "info").then((reply) => [{ node: "", reply }]) : null,
  };
}

function reachCluster(client: IoredisCluster, operations: RedisOperations, context: ProbeContext): Reach {
  const check = createReadinessCheck(context.hr);
  const nodes = (): readonly IoredisClient[] => client.nodes("master").filter(isReady).slice(0, MAX_NODES);
  const ask = (node: IoredisClient, command: string): Promise<unknown> => callOwn(node, node.sendCommand, command);
  return {
    async ping() {
      check(readinessOf(client.status === "ready", client.status), reasonOf(client.status));
      if (operations.waiting > 0) return null;
      // Nodes that nobody needed so far are not connected.
      const pings = nodes().map((node) => ask(node, "ping"));
      return pings.length === 0 ? null : (await Promise.all(pings)).length > 0;
    },
    info() {
      const asked = client.status === "ready" && operations.waiting === 0 ? nodes() : [];
      if (asked.length === 0) return null;
      return Promise.all(
        asked.map(async (node) => {
          const { host, port } = node.options as { host?: unknown; port?: unknown };
          return { node: `${host}:${port}`, reply: await ask(node, "info") };
        }),
      );
    },
  };
}

/** Connected, and a command is written at once. */
function isReady({ status, stream }: IoredisClient): boolean {
  return status === "ready" && stream?.writable !== false;
}

function readinessOf(isReady: boolean, status: string): Readiness {
  if (isReady) return "ready";
  if (status === "wait") return "idle";
  return status.startsWith("connect") ? "connecting" : "lost";
}

/** `wait` is a client that connects with its first command. */
function reasonOf(status: string): string {
  if (status === "wait") return "not connected yet";
  return /^[a-z]{1,20}$/.test(status) ? status : "not ready";
}

/**
 * Sends a command of ours: as `call` would, but past the automatic pipeline, which would hold it back, and past
 * whatever stands in front of `sendCommand`.
 */
function callOwn(client: IoredisClient, send: IoredisClient["sendCommand"], command: string): Promise<unknown> {
  const options = { ...client.options, enableAutoPipelining: false, keyPrefix: "" };
  const own = Object.create(client, {
    options: { value: options },
    sendCommand: { value: (made: IoredisCommand) => send.call(client, made) },
  }) as IoredisClient;
  return own.call(command);
}
