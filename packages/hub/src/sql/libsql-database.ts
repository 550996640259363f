import { statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { WsightError } from "@wsight/protocol";
import Database from "libsql";
import { systemCode } from "../errors.ts";
import {
  type Connection,
  type DatabaseOptions,
  type DatabaseSchema,
  isDamage,
  migrate,
  openConnection,
  pathOf,
  setAside,
  unavailable,
} from "../store/libsql/connection.ts";
import {
  type OnFileChange,
  SQLITE,
  type Sql,
  type SqlDatabase,
  type SqlRow,
  type SqlTables,
  type SqlValue,
  type SqlWork,
} from "./database.ts";

/** Damaged files that are moved aside before the disk itself is held to be at fault. */
const MAX_SET_ASIDE = 5;
/** How long a transaction waits for another process that writes, and how often it looks, ms. */
const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 10;
/** What of that is waited within SQLite, where nothing else is done meanwhile. */
const BUSY_TIMEOUT_MS = 5;
/** Statements that are kept prepared. */
const MAX_PREPARED = 200;

interface Opened {
  readonly connection: Connection;
  readonly sql: Sql;
  /** Which file it is, wherever it was moved to. */
  readonly inode: number;
}

/**
 * Tables in a file of SQLite, or in memory. Opened with the first call; what
 * fails closes it, and the next call opens it again: a directory that becomes
 * writable, or a disk that gets room, heals it. A damaged file is moved aside
 * and an empty one begun. Other processes may use the same file.
 */
export class LibsqlDatabase implements SqlDatabase {
  readonly #options: DatabaseOptions | null;
  readonly #schema: DatabaseSchema;
  readonly #tables: SqlTables;
  readonly #onChange: OnFileChange;
  #opened: Opened | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #beginnings = 0;
  #closed = false;

  /** @param dataDir `null`: in memory */
  constructor(tables: SqlTables, dataDir: string | null, onChange: OnFileChange) {
    const { file, what, applicationId, migrations } = tables;
    this.#options = dataDir === null ? null : { dataDir, file, what };
    this.#schema = { applicationId, migrations: migrations(SQLITE) };
    this.#tables = tables;
    this.#onChange = onChange;
  }

  write<T>(work: SqlWork<T>): Promise<T> {
    return this.#inTurn(() => this.#transact("BEGIN IMMEDIATE", work));
  }

  read<T>(work: SqlWork<T>): Promise<T> {
    return this.#inTurn(() => this.#transact("BEGIN", work));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    this.#shut("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** A transaction is one piece of work after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { what, keeper } = this.#tables;
    if (this.#closed) return Promise.reject(new WsightError("STORE_UNAVAILABLE", `${what}: ${keeper} is closed`));
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #transact<T>(begin: string, work: SqlWork<T>): Promise<T> {
    let connection: Connection | null = null;
    try {
      const opened = await patiently(() => this.#open());
      connection = opened.connection;
      await patiently(() => opened.connection.exec(begin));
      const result = await work(opened.sql);
      connection.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, a full disk among them.
      if (connection?.inTransaction === true) connection.exec("ROLLBACK");
      if (error instanceof WsightError && error.code !== "STORE_UNAVAILABLE") throw error;
      if (systemCode(error)?.startsWith("SQLITE_CONSTRAINT") === true) {
        throw new WsightError(
          "BAD_REQUEST",
          `${this.#tables.what}: expected values that can be kept (${String(error)})`,
        );
      }
      throw this.#failed(error);
    }
  }

  #open(): Opened {
    const options = this.#options;
    const known = this.#opened;
    if (known !== null && (options === null || inodeOf(options) === known.inode)) return known;
    if (known !== null && options !== null) {
      this.#shut();
      this.#onChange({
        movedTo: null,
        reason: `${this.#tables.what} ${pathOf(options)}: the file was deleted or moved away`,
      });
    }
    const connection = this.#connect();
    // Other work goes on meanwhile: whoever else has the file is waited for between turns.
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    this.#opened = { connection, sql: sqlOf(connection), inode: options === null ? 0 : inodeOf(options) };
    return this.#opened;
  }

  #connect(): Connection {
    const options = this.#options;
    if (options !== null) {
      try {
        return openConnection(options, this.#schema);
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#replace(options, error);
        return openConnection(options, this.#schema);
      }
    }
    const connection = new Database(":memory:");
    migrate(connection, this.#schema, this.#tables.what);
    return connection;
  }

  /** What is to be thrown; the database is closed. */
  #failed(error: unknown): WsightError {
    const options = this.#options;
    if (options === null) {
      return new WsightError("STORE_UNAVAILABLE", `${this.#tables.what}: ${String(error)}`, { cause: error });
    }
    this.#shut();
    if (isDamage(error)) {
      try {
        this.#replace(options, error);
      } catch (cause) {
        return unavailable(options, cause);
      }
    }
    return unavailable(options, error);
  }

  #replace(options: DatabaseOptions, damage: unknown): void {
    if (this.#beginnings++ >= MAX_SET_ASIDE) {
      throw new WsightError(
        "STORE_UNAVAILABLE",
        `${this.#tables.what} ${pathOf(options)}: damaged again after ${MAX_SET_ASIDE} new beginnings; check the disk`,
        { cause: damage },
      );
    }
    const movedTo = setAside(options, Date.now());
    this.#onChange({ movedTo, reason: damage instanceof Error ? damage.message : String(damage) });
  }

  #shut(lastWords?: string): void {
    const connection = this.#opened?.connection;
    if (this.#options === null && lastWords === undefined) return;
    this.#opened = null;
    try {
      if (lastWords !== undefined) connection?.exec(lastWords);
    } catch {
      // The log is brought in at the next start.
    } finally {
      connection?.close();
    }
  }
}

/** Tries again while another process holds the file. */
async function patiently<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await wait(LOOK_AGAIN_MS * (0.5 + Math.random()));
    }
  }
}

function isBusy(error: unknown): boolean {
  return systemCode(error)?.startsWith("SQLITE_BUSY") === true;
}

function sqlOf(connection: Connection): Sql {
  const prepared = new Map<string, Database.Statement>();
  const prepare = (text: string, raw: boolean): Database.Statement => {
    const key = `${raw} ${text}`;
    const known = prepared.get(key);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    const statement = connection.prepare(text.replaceAll("$", "?"));
    prepared.set(key, raw ? statement.raw() : statement);
    return statement;
  };
  return {
    rows: async (text, values: readonly SqlValue[] = []) => prepare(text, true).all(...values) as readonly SqlRow[],
    change: async (text, values: readonly SqlValue[] = []) => prepare(text, false).run(...values).changes,
  };
}

/** 0 while there is none. */
function inodeOf(options: DatabaseOptions): number {
  try {
    return statSync(pathOf(options)).ino;
  } catch {
    return 0;
  }
}
