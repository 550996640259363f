import type { QueryClient, Statement } from "../../instruments/query-book.ts";
import type { ProbeContext } from "../../integration.ts";
import type { SqlOperation } from "../../statements/sql-operation.ts";
import type { Ended } from "../observed.ts";
import { createDatabaseSeries } from "./database-series.ts";

/** Names of prepared statements whose text is remembered. */
const MAX_NAMES = 500;
/** A caller got no connection, and had no statement yet. */
const CONNECT: SqlOperation = { name: "CONNECT", kind: "other" };
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Faults of watching queries are counted under this name. */
export const SOURCE = "pg";

/** Operations of one pool. */
export interface PgOperations {
  /** False once it is detached, or has failed too often. */
  readonly measuring: () => boolean;
  /** Begins to time one. Returns what is to be called once it ended; only the first call counts. */
  readonly begin: (config: unknown) => Ended;
  /** Counts an error of one that has ended already. */
  readonly failLater: (config: unknown, error: unknown) => void;
  /** Counts one for which no connection could be had; `config` is `null` where there was no statement yet. */
  readonly failConnect: (config: unknown, seconds: number, error: unknown) => void;
  /** When the server last answered, and when it was last used, ms of the monotonic clock. */
  readonly lastAnswerAt: () => number;
  readonly lastUseAt: () => number;
  /** Runs something of the probe's own, which is not counted. */
  readonly quietly: <T>(run: () => T) => T;
  /** Leaves out what happens on a connection that was opened for a ping. */
  readonly ignore: (client: object) => void;
  readonly ignores: (client: object) => boolean;
  readonly end: () => void;
}

/** Counts and times the operations of a pool. */
export function createPgOperations(context: ProbeContext, client: string): PgOperations {
  const { guard, hr } = context;
  const series = createDatabaseSeries(context, { system: "postgresql", client, collections: 1 });
  const queries = context.queries.client(client, "postgresql");
  const statementOf = createStatementFinder(queries);
  const ignored = new WeakSet<object>();
  let isOn = true;
  let isQuiet = false;
  let answerAt = Number.NEGATIVE_INFINITY;
  let useAt = hr();

  const record = (statement: Statement, beganAt: number, error: unknown): void => {
    useAt = hr();
    if (error === null || isServersOwn(error)) answerAt = useAt;
    const seconds = (useAt - beganAt) / 1000;
    series.duration(statement.operation, "").record(seconds);
    queries.note(statement, seconds);
    if (error === null) return;
    series.errors(statement.operation, error).value++;
    queries.noteError(statement);
  };
  const safely = (run: () => void): void => guard.run("hook", run, undefined, SOURCE);

  return {
    measuring: () => isOn && !isQuiet && !guard.isOpen(SOURCE),
    begin(config) {
      context.hookCalls.value++;
      const statement = statementOf(config);
      const beganAt = hr();
      let isRunning = true;
      return (error) => {
        if (!isRunning || !isOn) return;
        isRunning = false;
        safely(() => record(statement, beganAt, error ?? null));
      };
    },
    failLater(config, error) {
      if (!isOn) return;
      const statement = statementOf(config);
      series.errors(statement.operation, error).value++;
      queries.noteError(statement);
    },
    failConnect(config, seconds, error) {
      if (!isOn) return;
      const statement = config === null ? null : statementOf(config);
      const operation = statement?.operation ?? CONNECT;
      series.duration(operation, "").record(seconds);
      series.errors(operation, error).value++;
      if (statement === null) return;
      queries.note(statement, seconds);
      queries.noteError(statement);
    },
    lastAnswerAt: () => answerAt,
    lastUseAt: () => useAt,
    quietly(run) {
      isQuiet = true;
      try {
        return run();
      } finally {
        isQuiet = false;
      }
    },
    ignore: (client) => void ignored.add(client),
    ignores: (client) => ignored.has(client),
    end() {
      isOn = false;
      queries.end();
    },
  };
}

/** An error that the server sent, as opposed to one of the connection. */
function isServersOwn(error: unknown): boolean {
  const { code, severity } = Object(error) as { code?: unknown; severity?: unknown };
  return typeof severity === "string" && typeof code === "string" && SQLSTATE.test(code);
}

/** Finds the statement in what `query` takes: a text, a config object, or a query, cursor or stream. */
function createStatementFinder(queries: QueryClient): (config: unknown) => Statement {
  let names = new Map<string, Statement>();
  return (config) => {
    if (typeof config === "string") return queries.sql(config);
    const { text, name, cursor } = config as { text?: unknown; name?: unknown; cursor?: { text?: unknown } };
    const sql = typeof text === "string" ? text : cursor?.text;
    const isNamed = typeof name === "string";
    // A prepared statement may be called by its name alone.
    if (typeof sql !== "string") return (isNamed ? names.get(name) : undefined) ?? queries.sql("");
    const statement = queries.sql(sql);
    if (isNamed && names.get(name) !== statement) {
      if (names.size >= MAX_NAMES) names = new Map();
      names.set(name, statement);
    }
    return statement;
  };
}
