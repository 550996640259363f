import { WsightError } from "@wsight/protocol";
import { systemCode } from "../../../errors.ts";
import { Connections, loadClients, type Purpose } from "../../../store/postgres/connections.ts";
import type { Session } from "../../../store/postgres/lane.ts";
import { LOCK, migrate, type Steps } from "../../../store/postgres/schema.ts";
import type { AlertDatabase, Sql, SqlWork } from "./database.ts";
import { alertSchema, POSTGRES } from "./schema.ts";

const STEPS: Steps = { what: "alerts", table: "alert_migrations", migrations: alertSchema(POSTGRES) };
const PURPOSE: Purpose = {
  what: "alerts",
  // The same statements run on SQLite, which has no schemas.
  setUp: "SET search_path TO wsight",
  migrate: (session) => migrate(session, STEPS),
};

/** Those that write wait for each other: all of it takes milliseconds. What is kept is synced, whatever the server's default. */
const BEGIN_WRITE = `BEGIN;
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
  SELECT pg_advisory_xact_lock(${LOCK.alerts})`;
const BEGIN_READ = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/**
 * Alerts in the schema `wsight` of a PostgreSQL, which other hubs may share.
 * Connected with the first call, and again after each failure.
 */
export async function openPostgresDatabase(url: string): Promise<AlertDatabase> {
  const open = await loadClients({ url });
  const connections = new Connections(url, open, () => undefined, PURPOSE);
  let closed = false;
  const refuse = (): void => {
    if (closed) throw new WsightError("STORE_UNAVAILABLE", "alerts: the desk is closed");
  };
  return {
    async write(work) {
      refuse();
      return settle(await connections.write((session) => transact(session, BEGIN_WRITE, work)));
    },
    async read(work) {
      refuse();
      return settle(await connections.read((session) => transact(session, BEGIN_READ, work)));
    },
    async close() {
      closed = true;
      await connections.close();
    },
  };
}

/** What came of work: its own refusals leave the connection as good as it was. */
type Result<T> = { readonly value: T } | { readonly refused: WsightError };

async function transact<T>(session: Session, begin: string, work: SqlWork<T>): Promise<Result<T>> {
  await session.run(begin);
  try {
    const value = await work(sqlOf(session));
    await session.run("COMMIT");
    return { value };
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    await session.run("ROLLBACK");
    return { refused };
  }
}

/** `null` for what the connection does not survive. */
function refusalOf(error: unknown): WsightError | null {
  if (error instanceof WsightError) return error;
  // Constraints.
  if (systemCode(error)?.startsWith("23") !== true) return null;
  return new WsightError("BAD_REQUEST", `alerts: expected values that can be kept (${String(error)})`);
}

function settle<T>(result: Result<T>): T {
  if ("refused" in result) throw result.refused;
  return result.value;
}

function sqlOf(session: Session): Sql {
  // PostgreSQL has no NUL in texts; those that are compared have none, and others are for people.
  const clean = (value: string | number | null): string | number | null =>
    typeof value === "string" ? value.replaceAll("\0", "\uFFFD") : value;
  return {
    rows: (text, values = []) => session.run(text, values.map(clean)),
    change: (text, values = []) => session.change(text, values.map(clean)),
  };
}
