import { isThenable } from "../../guard.ts";
import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { observed } from "../observed.ts";
import type { PgClients } from "./pg-clients.ts";
import { isPgClient, type PgMethod, type PgPool } from "./pg-like.ts";
import { type PgOperations, SOURCE } from "./pg-operations.ts";
import { isPingSql } from "./ping-sql.ts";

/** A watched pool. */
export interface PgPoolWatch {
  /** Methods that could not be covered. */
  readonly locked: readonly string[];
  readonly end: () => void;
}

/**
 * Watches what is asked of a pool itself: `connect` for the time callers wait,
 * `query` for the statement behind a wait that fails, and `emit`, by which the
 * pool tells of its clients before anybody gets them; listeners of ours could
 * be taken away, and would be counted by whoever counts listeners.
 */
export function watchPgPool(
  pool: PgPool & object,
  name: string,
  { context, operations, clients }: { context: ProbeContext; operations: PgOperations; clients: PgClients },
): PgPoolWatch {
  const { registry, guard, hr } = context;
  const labels = { "db.client.connection.pool.name": name };
  const waitTime = registry.histogram("db.client.connection.wait_time", labels);
  const timeouts = registry.counter("db.client.connection.timeouts", labels);
  /** The statement that `query` is about to get a connection for. */
  let next: unknown = null;

  const adopt = (client: unknown): void => {
    if (isPgClient(client) && !operations.ignores(client)) clients.adopt(client);
  };
  const waiting = (beganAt: number, statement: unknown) => {
    return (error: unknown, client: unknown): void => {
      const seconds = (hr() - beganAt) / 1000;
      waitTime.record(seconds);
      if (error === null || error === undefined) {
        adopt(client);
        return;
      }
      if (isTimeout(error)) timeouts.value++;
      operations.failConnect(statement, seconds, error);
    };
  };

  const connect = (original: PgMethod, self: unknown, args: unknown[]): unknown => {
    const statement = next;
    next = null;
    if (!operations.measuring()) return Reflect.apply(original, self, args);
    const settle = waiting(hr(), statement);
    const ended = (error: unknown, client: unknown): void =>
      guard.run("hook", () => settle(error, client), undefined, SOURCE);
    const [callback] = args;
    if (typeof callback === "function") {
      const connected = function connected(this: unknown, ...answer: unknown[]): unknown {
        ended(answer[0], answer[1]);
        return Reflect.apply(callback, this, answer);
      };
      return Reflect.apply(original, self, [connected, ...args.slice(1)]);
    }
    const result = Reflect.apply(original, self, args);
    return isThenable(result) ? observed(result, ended) : result;
  };

  const query = (original: PgMethod, self: unknown, args: unknown[]): unknown => {
    const [config] = args;
    // One of Prisma's, which has this pool beneath it.
    if (isPingSql(config)) return operations.quietly(() => Reflect.apply(original, self, args));
    // It asks for a connection at once, and counts only where it gets none; the client counts the rest.
    next = typeof config === "string" || typeof config === "object" ? config : null;
    try {
      return Reflect.apply(original, self, args);
    } finally {
      next = null;
    }
  };

  const emit = (original: PgMethod, self: unknown, args: unknown[]): unknown => {
    const [event, client] = args;
    if (event !== "connect" && event !== "acquire" && event !== "remove") return Reflect.apply(original, self, args);
    if (event !== "remove" && operations.measuring()) guard.run("hook", () => adopt(client), undefined, SOURCE);
    else if (isPgClient(client)) clients.release(client);
    return Reflect.apply(original, self, args);
  };

  const covers = { connect, query, emit };
  const undo = Object.entries(covers).map(([key, run]) => [key, coverMethod(pool, key, run)] as const);
  return {
    locked: undo.filter(([, end]) => end === null).map(([key]) => key),
    end() {
      for (const [, end] of undo) end?.();
    },
  };
}

type Run = (original: PgMethod, self: unknown, args: unknown[]) => unknown;

function coverMethod(pool: PgPool & object, key: string, run: Run): (() => void) | null {
  const before = Object.getOwnPropertyDescriptor(pool, key);
  const { length } = Reflect.get(pool, key) as PgMethod;
  const method = function method(this: unknown, ...args: unknown[]): unknown {
    return run(behind(pool, key, before) as PgMethod, this, args);
  };
  Object.defineProperty(method, "length", { value: length, configurable: true });
  Object.defineProperty(method, "name", { value: key, configurable: true });
  return cover(pool, key, method) ? () => uncover(pool, key, method, before) : null;
}

/** The pool's own words: these errors have no code. */
function isTimeout(error: unknown): boolean {
  const { message } = Object(error) as { message?: unknown };
  return (
    typeof message === "string" && /timeout exceeded when trying to connect|due to connection timeout/.test(message)
  );
}
