import { isThenable } from "../../guard.ts";
import type { ProbeContext } from "../../integration.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { type Ended, observed } from "../observed.ts";
import type { PgClient, PgMethod } from "./pg-like.ts";
import { type PgOperations, SOURCE } from "./pg-operations.ts";
import { isSubmittable, watchSubmittable } from "./pg-submittable.ts";
import { isPingSql } from "./ping-sql.ts";

/** Clients covered at once; a pool removes those that are gone. */
const MAX_CLIENTS = 10_000;

/** Clients whose queries are counted. */
export interface PgClients {
  readonly adopt: (client: PgClient) => void;
  /** The pool has thrown it away. */
  readonly release: (client: PgClient) => void;
  /** Clients that could not be covered. */
  readonly locked: () => number;
  readonly end: () => void;
}

/** Covers `query` of every client that it is given. */
export function watchPgClients(context: ProbeContext, operations: PgOperations): PgClients {
  const covered = new Map<PgClient, () => void>();
  const lockedOnes = new WeakSet<object>();
  let locked = 0;
  const release = (client: PgClient): void => {
    covered.get(client)?.();
    covered.delete(client);
  };
  return {
    adopt(client) {
      if (covered.has(client) || lockedOnes.has(client)) return;
      const undo = covered.size < MAX_CLIENTS ? coverQuery(client, context, operations) : null;
      if (undo !== null) {
        covered.set(client, undo);
        return;
      }
      locked++;
      lockedOnes.add(client);
    },
    release,
    locked: () => locked,
    end() {
      for (const client of [...covered.keys()]) release(client);
    },
  };
}

function coverQuery(client: PgClient, context: ProbeContext, operations: PgOperations): (() => void) | null {
  const before = Object.getOwnPropertyDescriptor(client, "query");
  const { length } = client.query;
  function query(this: unknown, ...args: unknown[]): unknown {
    const original = behind(client, "query", before) as PgMethod;
    const [config] = args;
    const isNone = config === null || config === undefined || isPingSql(config);
    if (isNone || !operations.measuring()) return Reflect.apply(original, this, args);
    const ended = context.guard.run("hook", () => operations.begin(config), null, SOURCE);
    return ended === null ? Reflect.apply(original, this, args) : run(original, this, args, { ended, operations });
  }
  // Whoever asks how many arguments it takes gets the same answer.
  Object.defineProperty(query, "length", { value: length, configurable: true });
  return cover(client, "query", query) ? () => uncover(client, "query", query, before) : null;
}

interface Run {
  readonly ended: Ended;
  readonly operations: PgOperations;
}

/** Runs a query in whichever form it came, so that its end is heard. */
function run(original: PgMethod, client: unknown, args: unknown[], { ended, operations }: Run): unknown {
  const [config] = args;
  try {
    if (isSubmittable(config)) {
      watchSubmittable(config, ended, (error) => operations.failLater(config, error));
      return Reflect.apply(original, client, args);
    }
    const callback = callbackOf(args);
    if (callback !== null) return runWithCallback(original, client, args, { callback, ended });
    const result = Reflect.apply(original, client, args);
    return isThenable(result) ? observed(result, ended) : result;
  } catch (error) {
    ended(error);
    throw error;
  }
}

interface Callback {
  readonly at: number;
  readonly call: PgMethod;
}

/** The callback among the arguments of `query`: the third, the second, or within the config object. */
function callbackOf(args: readonly unknown[]): Callback | null {
  const at = [2, 1].find((index) => typeof args[index] === "function");
  if (at !== undefined) return { at, call: args[at] as PgMethod };
  const { callback } = Object(args[0]) as { callback?: unknown };
  // Given as the third argument it replaces the one within.
  return typeof callback === "function" ? { at: 2, call: callback as PgMethod } : null;
}

function runWithCallback(
  original: PgMethod,
  client: unknown,
  args: unknown[],
  { callback, ended }: { readonly callback: Callback; readonly ended: Ended },
): unknown {
  const answered = function answered(this: unknown, ...answer: unknown[]): unknown {
    ended(answer[0] ?? null);
    return Reflect.apply(callback.call, this, answer);
  };
  const given = [...args];
  given[callback.at] = answered;
  try {
    return Reflect.apply(original, client, given);
  } finally {
    restoreCallback(args[0], answered, callback.call);
  }
}

/** Older versions keep the callback on the application's own config object. */
function restoreCallback(config: unknown, ours: PgMethod, theirs: PgMethod): void {
  if (typeof config !== "object" || config === null) return;
  const holder = config as { callback?: unknown };
  if (holder.callback === ours) holder.callback = theirs;
}
