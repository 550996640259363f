import type { LiveTable } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";
import { LiveMessage } from "./message.ts";

interface CachedTable {
  rows: string;
  /** Grows when the rows changed. */
  version: number;
  /** When they changed, ms epoch. */
  at: number;
  /** The turn in which they were last looked at. */
  turn: number;
  /** The message, by the id that viewers gave their subscription: nearly all give the same. */
  readonly messages: Map<number, LiveMessage>;
}

/** Seconds between two looks at a table: only a node that falls silent can't wait. */
const EVERY: Readonly<Record<LiveTable, number>> = {
  nodes: 1,
  events: 2,
  errors: 2,
  closes: 2,
  users: 5,
  channels: 5,
  rooms: 5,
  hub: 2,
  types: 2,
  handlers: 2,
  namespaces: 2,
  slow: 2,
  broadcasts: 2,
  components: 1,
  collectors: 5,
  routes: 2,
  operations: 2,
  queries: 5,
  filesystems: 5,
  alerts: 1,
  health: 1,
  queues: 1,
  workers: 1,
};

/** Digits of fractions: a table is read by people, and each digit goes to every viewer each second. */
const DIGITS = 4;

/** Most different ids that a table's message is kept for. */
const MAX_MESSAGES = 64;

/** Tables as text: looked at every few seconds, and put into words only when they changed. */
export class TableCache {
  /** Times a table could not be made. */
  failed = 0;
  readonly #current: CurrentView;
  readonly #tables = new Map<LiveTable, CachedTable>();
  #turn = 0;

  constructor(current: CurrentView) {
    this.#current = current;
  }

  /** From now on tables are looked at anew. */
  nextSecond(): void {
    this.#turn++;
  }

  /** The version of a table as it stands; 0 while it could not be made. */
  version(table: LiveTable, now: number): number {
    return this.#look(table, now).version;
  }

  /** The message that tells it. */
  message(table: LiveTable, id: number, now: number): LiveMessage {
    const { rows, at, messages } = this.#look(table, now);
    let message = messages.get(id);
    if (message === undefined) {
      message = new LiveMessage(`{"type":"table","id":${id},"at":${at},"table":"${table}","rows":${rows}}`, false);
      if (messages.size >= MAX_MESSAGES) messages.clear();
      messages.set(id, message);
    }
    return message;
  }

  #look(table: LiveTable, now: number): CachedTable {
    let cached = this.#tables.get(table);
    if (cached === undefined) {
      cached = { rows: "", version: 0, at: now, turn: Number.NEGATIVE_INFINITY, messages: new Map() };
      this.#tables.set(table, cached);
    }
    if (this.#turn - cached.turn < EVERY[table]) return cached;
    cached.turn = this.#turn;
    const rows = this.#write(table);
    if (rows === null || rows === cached.rows) return cached;
    cached.rows = rows;
    cached.version++;
    cached.at = now;
    cached.messages.clear();
    return cached;
  }

  /** A table that fails must not take the others, or the ticks, with it. */
  #write(table: LiveTable): string | null {
    try {
      return JSON.stringify(this.#current.table(table), short);
    } catch {
      this.failed++;
      return null;
    }
  }
}

function short(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
