import { WsightError } from "@wsight/protocol";
import { systemCode } from "../errors.ts";
import { Connections, loadClients, type Purpose } from "../store/postgres/connections.ts";
import type { Session } from "../store/postgres/lane.ts";
import { migrate, type Steps } from "../store/postgres/schema.ts";
import { POSTGRES, type Sql, type SqlDatabase, type SqlTables, type SqlValue, type SqlWork } from "./database.ts";

/** What is kept is synced, whatever the server's default. */
const BEGIN_WRITE = `BEGIN;
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;
const BEGIN_READ = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/**
 * Tables in the schema `wsight` of a PostgreSQL, which other hubs may share.
 * Connected with the first call, and again after each failure.
 */
export async function openPostgresDatabase(url: string, tables: SqlTables): Promise<SqlDatabase> {
  const open = await loadClients({ url });
  const connections = new Connections(url, open, () => undefined, purposeOf(tables));
  // Those that write wait for each other: all of it takes milliseconds.
  const beginWrite = `${BEGIN_WRITE}; SELECT pg_advisory_xact_lock(${tables.lock})`;
  const { what } = tables;
  let closed = false;
  const refuse = (): void => {
    if (closed) throw new WsightError("STORE_UNAVAILABLE", `${what}: ${tables.keeper} is closed`);
  };
  return {
    async write(work) {
      refuse();
      return settle(await connections.write((session) => transact(session, what, beginWrite, work)));
    },
    async read(work) {
      refuse();
      return settle(await connections.read((session) => transact(session, what, BEGIN_READ, work)));
    },
    async close() {
      closed = true;
      await connections.close();
    },
  };
}

function purposeOf({ what, versions, migrations }: SqlTables): Purpose {
  const steps: Steps = { what, table: versions, migrations: migrations(POSTGRES) };
  return {
    what,
    // The same statements run on SQLite, which has no schemas.
    setUp: "SET search_path TO wsight",
    migrate: (session) => migrate(session, steps),
  };
}

/** What came of work: its own refusals leave the connection as good as it was. */
type Result<T> = { readonly value: T } | { readonly refused: WsightError };

async function transact<T>(session: Session, what: string, begin: string, work: SqlWork<T>): Promise<Result<T>> {
  await session.run(begin);
  try {
    const value = await work(sqlOf(session));
    await session.run("COMMIT");
    return { value };
  } catch (error) {
    const refused = refusalOf(what, error);
    if (refused === null) throw error;
    await session.run("ROLLBACK");
    return { refused };
  }
}

/** `null` for what the connection does not survive. */
function refusalOf(what: string, error: unknown): WsightError | null {
  if (error instanceof WsightError) return error;
  // Constraints.
  if (systemCode(error)?.startsWith("23") !== true) return null;
  return new WsightError("BAD_REQUEST", `${what}: expected values that can be kept (${String(error)})`);
}

function settle<T>(result: Result<T>): T {
  if ("refused" in result) throw result.refused;
  return result.value;
}

function sqlOf(session: Session): Sql {
  // PostgreSQL has no NUL in texts; those that are compared have none, and others are for people.
  const clean = (value: SqlValue): SqlValue => (typeof value === "string" ? value.replaceAll("\0", "\uFFFD") : value);
  return {
    rows: (text, values = []) => session.run(text, values.map(clean)),
    change: (text, values = []) => session.change(text, values.map(clean)),
  };
}
