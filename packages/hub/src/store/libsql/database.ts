import { statSync } from "node:fs";
import { WsightError } from "@wsight/protocol";
import { type Connection, isDamage, openConnection, pathOf, setAside, unavailable } from "./connection.ts";
import type { DatabaseOptions, StoreCalls, StoreEvent } from "./messages.ts";
import { HistoryTables } from "./tables.ts";

/** Damaged files that are moved aside before the disk itself is held to be at fault. */
const MAX_SET_ASIDE = 5;

/**
 * The database of the store's process. It is open, or it is not and the next call
 * tries to open it: a directory that becomes writable, or a disk that gets
 * room, heals the store without a restart. A damaged file is moved aside, an
 * empty one is begun, and the call that found the damage is done again on it.
 */
export class HistoryDatabase {
  readonly #options: DatabaseOptions;
  readonly #report: (event: StoreEvent) => void;
  #beginnings = 0;
  #open: { readonly connection: Connection; readonly tables: HistoryTables } | null = null;

  constructor(options: DatabaseOptions, report: (event: StoreEvent) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** Answers one call. @throws WsightError `STORE_UNAVAILABLE` */
  readonly calls: {
    readonly [Call in keyof StoreCalls]: (argument: StoreCalls[Call]["argument"]) => StoreCalls[Call]["answer"];
  } = {
    open: () => this.#use(() => null),
    append: (samples) =>
      this.#use((tables) => {
        tables.append(samples);
        return null;
      }),
    read: (page) => this.#use((tables) => tables.read(page)),
    prune: ({ beforeAt, limit }) => this.#use((tables) => tables.prune(beforeAt, limit)),
    stats: () => this.#use((tables) => this.#stats(tables)),
    close: () => {
      this.#closeConnection("PRAGMA wal_checkpoint(TRUNCATE)");
      return null;
    },
  };

  #use<T>(work: (tables: HistoryTables) => T): T {
    try {
      return this.#attempt(work);
    } catch (error) {
      if (!isDamage(error)) throw unavailable(this.#options, error);
      try {
        this.#replace(error);
        return this.#attempt(work);
      } catch (again) {
        throw unavailable(this.#options, again);
      }
    }
  }

  #attempt<T>(work: (tables: HistoryTables) => T): T {
    try {
      if (this.#open === null) {
        const connection = openConnection(this.#options);
        this.#open = { connection, tables: new HistoryTables(connection) };
      }
      return work(this.#open.tables);
    } catch (error) {
      // Whatever state the failure left the connection in, the next call begins with a new one.
      this.#closeConnection();
      throw error;
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
    const movedTo = setAside(this.#options, Date.now());
    this.#report({ type: "set-aside", movedTo, reason: damage instanceof Error ? damage.message : String(damage) });
  }

  #stats(tables: HistoryTables): StoreCalls["stats"]["answer"] {
    const path = pathOf(this.#options);
    const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
    return { samples: tables.count(), bytes, oldestAt: tables.oldestAt() };
  }

  #closeConnection(lastWords?: string): void {
    const connection = this.#open?.connection;
    this.#open = null;
    if (connection === undefined) return;
    try {
      if (lastWords !== undefined) connection.exec(lastWords);
    } finally {
      connection.close();
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
