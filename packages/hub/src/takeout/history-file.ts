import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { WsightError } from "@wsight/protocol";
import Database from "libsql";
import { ALERTS_FILE } from "../alerts/desk/tables/alerts-file.ts";
import { JOBS_FILE } from "../jobs/ledger/tables/jobs-file.ts";

/** Name of the database within a data directory. */
const HISTORY_FILE = "history.db";
/** What SQLite puts beside a database. */
const COMPANIONS = ["-wal", "-shm", "-journal"] as const;
/** How long a look at the file waits for who writes to it, ms. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Copies the history of a data directory into one file, as it is at this
 * moment, without disturbing a hub that writes to it. Blocks the thread. An
 * unfinished copy never has the name that was asked for.
 * @throws WsightError `BAD_OPTION` when there is no history, or something is at `path` already
 */
export function copyHistory(dataDir: string, path: string): void {
  const source = findHistory(dataDir);
  checkTarget(source, path);
  copyDatabase(source, path);
}

/** What is kept beside history, where something is. */
const BESIDE: readonly string[] = [ALERTS_FILE, JOBS_FILE];

/** One file that was written by {@link backUp}. */
export interface Backup {
  /** Its name within the data directory. */
  readonly file: string;
  readonly path: string;
}

/**
 * Copies the history of a data directory as {@link copyHistory} does, and its alerts and jobs beside it: `x.db`,
 * `x-alerts.db` and `x-jobs.db`, each in one state; history comes first. Refused before the first is written.
 * @throws WsightError as {@link copyHistory}
 */
export function backUp(dataDir: string, path: string): readonly Backup[] {
  findHistory(dataDir);
  const others = BESIDE.filter((file) => existsSync(join(dataDir, file))).map((file) => ({
    file,
    path: path.replace(/(\.db)?$/, `-${file}`),
  }));
  const copies = [{ file: HISTORY_FILE, path }, ...others];
  for (const copy of copies) checkTarget(join(dataDir, copy.file), copy.path);
  for (const copy of copies) copyDatabase(join(dataDir, copy.file), copy.path);
  return copies;
}

function checkTarget(source: string, path: string): void {
  if (COMPANIONS.some((companion) => path === source + companion))
    throw new WsightError(
      "BAD_OPTION",
      `${path}: expected a name that the database itself does not use, choose another`,
    );
  if (existsSync(path)) throw new WsightError("BAD_OPTION", `${path}: expected a new file, got one that is there`);
  if (!existsSync(dirname(path)))
    throw new WsightError("BAD_OPTION", `${path}: expected a directory to write into, got none at ${dirname(path)}`);
}

function copyDatabase(source: string, path: string): void {
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  const connection = new Database(source, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    connection.prepare("VACUUM INTO ?").run(partial);
    chmodSync(partial, 0o600);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new WsightError("STORE_UNAVAILABLE", `${source}: ${describeFault(error)}`, { cause: error });
  } finally {
    connection.close();
  }
}

/** A history that nobody else writes to. */
export interface HistoryCopy {
  /** Directory to open a store in. */
  readonly dataDir: string;
  /** Deletes it. */
  remove(): Promise<void>;
}

/** Copies a history to a place of its own, to be read from there. @throws WsightError as {@link copyHistory} */
export async function borrowHistory(dataDir: string): Promise<HistoryCopy> {
  const own = await mkdtemp(join(tmpdir(), "wsight-history-"));
  const remove = (): Promise<void> => rm(own, { recursive: true, force: true });
  try {
    copyHistory(dataDir, join(own, HISTORY_FILE));
  } catch (error) {
    await remove();
    throw error;
  }
  return { dataDir: own, remove };
}

/**
 * Makes sure that no hub has the history of a data directory open; a directory without one is free.
 * @throws WsightError `BAD_OPTION` when one has
 */
export function refuseUsedHistory(dataDir: string): void {
  const path = join(dataDir, HISTORY_FILE);
  if (!existsSync(path)) return;
  const connection = new Database(path, { timeout: 0 });
  try {
    // Whoever has the database open holds a lock that this one goes against.
    connection.exec("PRAGMA locking_mode = EXCLUSIVE");
    connection.exec("BEGIN EXCLUSIVE");
    connection.exec("ROLLBACK");
  } catch (error) {
    throw new WsightError(
      "BAD_OPTION",
      `${path}: expected a history that no hub has open, got one in use (${describeFault(error)}). ` +
        "End the hub first, or import into another directory with --data",
      { cause: error },
    );
  } finally {
    connection.close();
  }
}

function findHistory(dataDir: string): string {
  const path = join(dataDir, HISTORY_FILE);
  if (existsSync(path)) return path;
  throw new WsightError(
    "BAD_OPTION",
    `--data: expected the data directory of a hub that has kept history, got ${dataDir}, where there is no ` +
      `${basename(path)}. A hub that keeps history in PostgreSQL is exported with --url, and backed up with pg_dump`,
  );
}

function describeFault(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
