import { HISTORY_EVENT_KINDS, type HistoryEvent, type HistoryEventKind } from "@wsight/protocol";
import type { EventQuery } from "../reader.ts";
import type { Connection } from "./connection.ts";

type EventRow = [at: number, kind: string, node: string | null, subject: string, text: string, attributes: string];

/** Events of an open database. Callers bring the transactions. */
export class LibsqlEvents {
  readonly #statements: ReturnType<typeof prepare>;
  /** Rows held, once counted. */
  #count: number | null = null;

  constructor(connection: Connection) {
    this.#statements = prepare(connection);
  }

  append(events: readonly HistoryEvent[]): void {
    // Counted anew when it is asked for: what fails halfway leaves nothing behind.
    this.#count = null;
    for (const { at, kind, node, subject, text, attributes } of events) {
      const facts = JSON.stringify(attributes);
      this.#statements.add.run(at, kind, node, subject, text, facts, at, kind, node, subject, text, facts);
    }
  }

  read(query: EventQuery): readonly HistoryEvent[] {
    const { fromAt, toAt, kinds = null, node = null, subject = null, limit, newestFirst = false } = query;
    const statement = newestFirst ? this.#statements.newest : this.#statements.oldest;
    const chosen = kinds === null ? null : JSON.stringify(kinds);
    const rows = statement.all(fromAt, toAt, chosen, chosen, node, node, subject, subject, limit) as EventRow[];
    return rows.filter(([, kind]) => isKind(kind)).map(eventOf);
  }

  drop(beforeAt: number, most: number, limit: number): number {
    const dropped = this.#statements.dropBefore.run(beforeAt, limit).changes;
    const over = Math.min(limit - dropped, this.count() - dropped - most);
    const further = over > 0 ? this.#statements.dropOldest.run(over).changes : 0;
    this.#count = null;
    return dropped + further;
  }

  count(): number {
    this.#count ??= (this.#statements.count.get() as [number])[0];
    return this.#count;
  }
}

function eventOf([at, kind, node, subject, text, attributes]: EventRow): HistoryEvent {
  const facts = JSON.parse(attributes) as HistoryEvent["attributes"];
  return { at, kind: kind as HistoryEventKind, node, subject, text, attributes: facts };
}

/** A later version may know more. */
function isKind(kind: string): boolean {
  return (HISTORY_EVENT_KINDS as readonly string[]).includes(kind);
}

function prepare(connection: Connection) {
  const page = (order: "ASC" | "DESC") =>
    connection
      .prepare(
        `SELECT at, kind, node, subject, text, attributes FROM events
         WHERE at >= ? AND at < ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?)))
           AND (? IS NULL OR node = ?) AND (? IS NULL OR subject = ?)
         ORDER BY at ${order}, id ${order} LIMIT ?`,
      )
      .raw();
  return {
    add: connection.prepare(
      `INSERT INTO events (at, kind, node, subject, text, attributes) SELECT ?, ?, ?, ?, ?, ?
       WHERE NOT EXISTS (SELECT 1 FROM events WHERE at = ? AND kind = ? AND node IS ? AND subject = ? AND text = ?
         AND attributes = ?)`,
    ),
    oldest: page("ASC"),
    newest: page("DESC"),
    dropBefore: connection.prepare(
      "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < ? ORDER BY at LIMIT ?)",
    ),
    dropOldest: connection.prepare("DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY at LIMIT ?)"),
    count: connection.prepare("SELECT count(*) FROM events").raw(),
  };
}
