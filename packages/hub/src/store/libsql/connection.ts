import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { WsightError } from "@wsight/protocol";
import Database from "libsql";
import { APPLICATION_ID, MIGRATIONS } from "./migrations.ts";

/** An open connection. */
export type Connection = Database.Database;

/** Where the database is. */
export interface DatabaseOptions {
  readonly dataDir: string;
  readonly file: string;
  /** What it holds, the first word of messages. @default "history" */
  readonly what?: string;
}

/** What tables a database has. */
export interface DatabaseSchema {
  /** SQLite's `application_id`. */
  readonly applicationId: number;
  /** Step `i` takes a database from schema version `i` to `i + 1`. */
  readonly migrations: readonly string[];
}

const HISTORY: DatabaseSchema = { applicationId: APPLICATION_ID, migrations: MIGRATIONS };
/** How long a call waits for another process that holds the file. */
const BUSY_TIMEOUT_MS = 5_000;
/** The log beside the database shrinks back to this after a burst. */
const LOG_BYTES = 16 * 2 ** 20;
/** Files that belong to one database. */
const COMPANIONS = ["", "-wal", "-shm"] as const;

const NOT_WRITABLE = "the file or its directory is not writable";
/** What result codes of SQLite and of the system mean to a person. Extended codes begin with these. */
const REASONS: readonly (readonly [code: string, reason: string])[] = [
  ["SQLITE_FULL", "the disk is full"],
  ["SQLITE_READONLY", NOT_WRITABLE],
  ["SQLITE_IOERR", "the disk failed to read or write"],
  ["SQLITE_BUSY", "another process holds the file"],
  ["SQLITE_CANTOPEN", "the file can't be opened or made; is its directory writable?"],
  ["SQLITE_NOMEM", "there is not enough memory"],
  ["ENOSPC", "the disk is full"],
  ["EACCES", NOT_WRITABLE],
  ["EPERM", NOT_WRITABLE],
  ["EROFS", NOT_WRITABLE],
];
/** What libsql tells by number alone, when it can't connect. */
const NUMBERED: Readonly<Record<string, string>> = {
  "5": "SQLITE_BUSY",
  "8": "SQLITE_READONLY",
  "10": "SQLITE_IOERR",
  "11": "SQLITE_CORRUPT",
  "13": "SQLITE_FULL",
  "14": "SQLITE_CANTOPEN",
  "26": "SQLITE_NOTADB",
};

/** Path of the database file. */
export function pathOf({ dataDir, file }: DatabaseOptions): string {
  return join(dataDir, file);
}

/**
 * Opens the database, makes its directory, and brings its schema forward.
 * Writes are synced with each commit: one each second costs little, and what
 * was acknowledged survives a power cut, not only a kill.
 */
export function openConnection(options: DatabaseOptions, schema: DatabaseSchema = HISTORY): Connection {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const connection = new Database(pathOf(options), { timeout: BUSY_TIMEOUT_MS });
  try {
    connection.exec("PRAGMA journal_mode = WAL");
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    migrate(connection, schema, options.what);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Runs `work` within one transaction; whatever it throws leaves nothing behind. */
export function transact<T>(connection: Connection, work: () => T): T {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    connection.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/** A number that a pragma answers with. */
export function readPragma(connection: Connection, name: string): number {
  const [value] = connection.prepare(`PRAGMA ${name}`).raw().get() as [number];
  return value;
}

/** True when the file itself is damaged, so that trying again is in vain. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB");
}

/** Moves a damaged database out of the way, for people to look at, and says where. */
export function setAside(options: DatabaseOptions, at: number): string {
  const suffix = `.corrupt-${new Date(at).toISOString().replaceAll(":", "-")}`;
  const path = pathOf(options);
  for (const companion of COMPANIONS) {
    if (existsSync(path + companion)) renameSync(path + companion, path + suffix + companion);
  }
  return options.file + suffix;
}

/** Any failure of the database as one sentence that says what to look at. */
export function unavailable(options: DatabaseOptions, error: unknown): WsightError {
  if (error instanceof WsightError) return error;
  const code = codeOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  const reason = REASONS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "the database failed";
  return new WsightError(
    "STORE_UNAVAILABLE",
    `${options.what ?? "history"} ${pathOf(options)}: ${reason} (${detail})`,
    { cause: error },
  );
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code !== "") return code;
  const [, number = ""] = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(error.message) ?? [];
  return NUMBERED[number] ?? "";
}

/**
 * Brings the schema of a database forward.
 * @throws WsightError `STORE_UNAVAILABLE` for one of a newer version or of another program
 */
export function migrate(
  connection: Connection,
  { applicationId, migrations }: DatabaseSchema = HISTORY,
  what = "history",
): void {
  const version = readPragma(connection, "user_version");
  if (version > migrations.length) {
    throw new WsightError(
      "STORE_UNAVAILABLE",
      `${what}: expected a file of schema version ${migrations.length} or older, got ${version}: it was written by a newer wsight; upgrade, or choose another data directory`,
    );
  }
  if (version === 0) refuseForeign(connection, what);
  if (version === migrations.length) return;
  transact(connection, () => {
    // Two processes that open a new file at once find it empty both.
    const reached = readPragma(connection, "user_version");
    for (const step of migrations.slice(reached)) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${applicationId}`);
    connection.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

/** A database that some other program made is left alone. */
function refuseForeign(connection: Connection, what: string): void {
  const [tables] = connection.prepare("SELECT count(*) FROM sqlite_schema").raw().get() as [number];
  if (tables === 0 || readPragma(connection, "user_version") > 0) return;
  throw new WsightError(
    "STORE_UNAVAILABLE",
    `${what}: expected an empty file or one made by wsight, got a database with ${tables} tables or indexes of another program`,
  );
}
