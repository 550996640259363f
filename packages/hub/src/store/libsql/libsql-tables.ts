import { statSync } from "node:fs";
import { type HistoryEvent, WsightError } from "@wsight/protocol";
import {
  type BlockRange,
  type BlockRow,
  type BlockTables,
  type DroppedBlocks,
  type OldSamples,
  type TablesChange,
  type TablesContent,
  TablesReplacedError,
} from "../blocks/block-tables.ts";
import type { PackedSeries } from "../pack.ts";
import type { EventQuery } from "../reader.ts";
import type { StoreEvent } from "../store-event.ts";
import { backUp } from "./backup.ts";
import {
  type DatabaseOptions,
  isDamage,
  openConnection,
  pathOf,
  readPragma,
  setAside,
  transact,
  unavailable,
} from "./connection.ts";
import { LibsqlEvents } from "./libsql-events.ts";
import { LibsqlRows } from "./libsql-rows.ts";

/** Damaged files that are moved aside before the disk itself is held to be at fault. */
const MAX_SET_ASIDE = 5;

interface Opened {
  readonly connection: ReturnType<typeof openConnection>;
  readonly rows: LibsqlRows;
  readonly events: LibsqlEvents;
  /** Which file it is, wherever it was moved to. */
  readonly inode: number;
  /** Changes when another process writes to the file. */
  readonly version: number;
}

/**
 * The block tables in SQLite. They are open, or they are not and `open` tries
 * again: a directory that becomes writable, or a disk that gets room, heals
 * the store without a restart. A damaged file is moved aside and an empty one
 * begun. The call that found the damage rejects with `TablesReplacedError`, and
 * so does one that finds that the file was deleted, or that another process
 * wrote to it: what is in memory is no longer what it holds. Two processes
 * that write in turn could find that of each other again and again; {@link alone}
 * lets one of them load and write with the other kept out.
 */
export class LibsqlTables implements BlockTables {
  readonly #options: DatabaseOptions;
  readonly #report: (event: StoreEvent) => void;
  #beginnings = 0;
  /** True while one transaction holds all that is loaded and written. */
  #alone = false;
  #opened: Opened | null = null;

  constructor(options: DatabaseOptions, report: (event: StoreEvent) => void) {
    this.#options = options;
    this.#report = report;
  }

  async open(): Promise<TablesContent> {
    try {
      return this.#load();
    } catch (error) {
      this.#shut();
      if (!isDamage(error)) throw unavailable(this.#options, error);
      this.#replace(error);
    }
    try {
      return this.#load();
    } catch (error) {
      throw unavailable(this.#options, error);
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    this.#shut();
    this.#alone = true;
    try {
      const result = await work();
      return this.#use(({ connection }) => {
        connection.exec("COMMIT");
        return result;
      });
    } catch (error) {
      this.#shut();
      throw error;
    } finally {
      this.#alone = false;
    }
  }

  async addSeries(series: readonly PackedSeries[]): Promise<readonly number[]> {
    return this.#change(({ rows }) => rows.addSeries(series));
  }

  async write(change: TablesChange): Promise<void> {
    this.#change(({ rows }) => rows.apply(change));
  }

  async readBlocks(range: BlockRange): Promise<readonly BlockRow[]> {
    return this.#use(({ rows }) => rows.readBlocks(range));
  }

  async dropBlocks(range: BlockRange): Promise<DroppedBlocks> {
    return this.#change(({ rows }) => rows.dropBlocks(range));
  }

  async dropSeries(seenBefore: number, keep: ReadonlySet<number>, limit: number): Promise<readonly number[]> {
    return this.#change(({ rows }) => rows.dropSeries(seenBefore, keep, limit));
  }

  async appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    this.#change((opened) => opened.events.append(events));
  }

  async readEvents(query: EventQuery): Promise<readonly HistoryEvent[]> {
    return this.#use(({ events }) => events.read(query));
  }

  async dropEvents(beforeAt: number, most: number, limit: number): Promise<number> {
    return this.#change(({ events }) => events.drop(beforeAt, most, limit));
  }

  async sizes(): Promise<{ readonly bytes: number; readonly usedBytes: number; readonly events: number }> {
    const path = pathOf(this.#options);
    return this.#use(({ rows, events }) => ({
      bytes: sizeOf(path) + sizeOf(`${path}-wal`),
      usedBytes: rows.usedBytes(),
      events: events.count(),
    }));
  }

  async nextOld(): Promise<OldSamples | null> {
    return this.#use(({ rows }) => rows.nextOld());
  }

  async backup(path: string): Promise<void> {
    return this.#use(({ connection }) => backUp(connection, path));
  }

  async close(): Promise<void> {
    this.#shut("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #load(): TablesContent {
    const connection = openConnection(this.#options);
    try {
      const rows = new LibsqlRows(connection);
      const events = new LibsqlEvents(connection);
      connection.exec(this.#alone ? "BEGIN IMMEDIATE" : "BEGIN");
      const content = rows.load();
      const version = readPragma(connection, "data_version");
      if (!this.#alone) connection.exec("COMMIT");
      this.#opened = { connection, rows, events, inode: inodeOf(pathOf(this.#options)), version };
      return content;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** One transaction, or a part of the one that began with the load, on the file as it was loaded. */
  #change<T>(work: (opened: Opened) => T): T {
    return this.#use((opened) => {
      const { connection, inode, version } = opened;
      if (inodeOf(pathOf(this.#options)) !== inode) throw this.#changed("the file was deleted or moved away");
      if (this.#alone) return work(opened);
      return transact(connection, () => {
        if (readPragma(connection, "data_version") === version) return work(opened);
        throw this.#changed("another process writes to the same file; give every hub a data directory of its own");
      });
    });
  }

  #changed(what: string): TablesReplacedError {
    const reason = `history ${pathOf(this.#options)}: ${what}`;
    this.#report({ type: "unavailable", reason });
    return new TablesReplacedError(reason);
  }

  #use<T>(work: (opened: Opened) => T): T {
    if (this.#opened === null) {
      throw new WsightError("STORE_UNAVAILABLE", `history ${pathOf(this.#options)}: it is not open`);
    }
    try {
      return work(this.#opened);
    } catch (error) {
      if (error instanceof WsightError && error.code === "BAD_REQUEST") throw error;
      this.#shut();
      if (error instanceof TablesReplacedError) throw error;
      if (!isDamage(error)) throw unavailable(this.#options, error);
      this.#replace(error);
      throw new TablesReplacedError(String(error), { cause: error });
    }
  }

  #replace(damage: unknown): void {
    if (this.#beginnings++ >= MAX_SET_ASIDE) {
      throw new WsightError(
        "STORE_UNAVAILABLE",
        `history ${pathOf(this.#options)}: damaged again after ${MAX_SET_ASIDE} new beginnings; check the disk`,
        { cause: damage },
      );
    }
    try {
      const movedTo = setAside(this.#options, Date.now());
      this.#report({ type: "set-aside", movedTo, reason: damage instanceof Error ? damage.message : String(damage) });
    } catch (error) {
      throw unavailable(this.#options, error);
    }
  }

  #shut(lastWords?: string): void {
    const connection = this.#opened?.connection;
    this.#opened = null;
    if (connection === undefined) return;
    try {
      if (lastWords !== undefined) connection.exec(lastWords);
    } catch {
      // The log is brought in at the next start.
    } finally {
      connection.close();
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** 0 while there is none. */
function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
