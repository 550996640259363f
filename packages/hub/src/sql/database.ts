/** What a column can hold. */
export type SqlValue = string | number | null | Uint8Array;
/** What the databases write differently. */
export interface Dialect {
  /** A column of numbers that grow with each row and are never given twice. */
  readonly serial: string;
  /** Text that is compared byte by byte. */
  readonly key: string;
  /** Bytes. */
  readonly bytes: string;
}

export const SQLITE: Dialect = { serial: "integer PRIMARY KEY AUTOINCREMENT", key: "text", bytes: "blob" };
export const POSTGRES: Dialect = {
  serial: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  key: 'text COLLATE "C"',
  bytes: "bytea",
};

/** Tables that are kept together: in a file of their own, or beside others in a PostgreSQL. */
export interface SqlTables {
  /** What they hold, the first word of messages: `alerts`. */
  readonly what: string;
  /** Who closes the database, for people: `the desk`. */
  readonly keeper: string;
  /** Name of the file in the data directory. */
  readonly file: string;
  /** SQLite's `application_id` of that file. */
  readonly applicationId: number;
  /** Table of PostgreSQL that says how far the others are. */
  readonly versions: string;
  /** Advisory lock of PostgreSQL that keeps out others that write. */
  readonly lock: string;
  /** Step `i` takes the tables from version `i` to `i + 1`. */
  readonly migrations: (dialect: Dialect) => readonly string[];
}

/** Columns of a row, in the order in which they were asked for. Whole numbers may come as text. */
export type SqlRow = readonly unknown[];

/** Statements within one transaction. Values are `$1`, `$2`, …; the same text runs on SQLite and PostgreSQL. */
export interface Sql {
  /** Runs a statement that answers with rows. */
  rows(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Runs a statement that answers with none; says how many rows it changed. */
  change(text: string, values?: readonly SqlValue[]): Promise<number>;
}

/** Work of one transaction. Must wait for nothing but its statements. */
export type SqlWork<T> = (sql: Sql) => Promise<T>;

/**
 * A database with tables of one schema. Whatever fails rejects
 * with `STORE_UNAVAILABLE`, and leaves nothing behind; the next call tries again.
 */
export interface SqlDatabase {
  /** One transaction that keeps out all others that write; once it resolves, it survives a power cut. */
  write<T>(work: SqlWork<T>): Promise<T>;
  /** One transaction that only reads. */
  read<T>(work: SqlWork<T>): Promise<T>;
  /** Finishes what was accepted; safe to call twice. */
  close(): Promise<void>;
}

/** The first value of the first row as a number; 0 for none. */
export function numberOf(rows: readonly SqlRow[]): number {
  return Number(rows[0]?.[0] ?? 0);
}

/** A column that may be empty, as a number. */
export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** A column that may be empty, as text. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** `($1, $2), ($3, $4)` for so many rows of so many columns, after the first values. */
export function placesOf(rows: number, columns: number, after = 0): string {
  const row = (first: number): string =>
    `(${Array.from({ length: columns }, (_, column) => `$${first + column}`).join(", ")})`;
  return Array.from({ length: rows }, (_, index) => row(after + 1 + index * columns)).join(", ");
}

/** `$2, $3, $4` for so many values after the first ones. */
export function listOf(count: number, after = 0): string {
  return Array.from({ length: count }, (_, index) => `$${after + index + 1}`).join(", ");
}

/** Parts of a list, for statements of a bearable length. */
export function* slicesOf<T>(items: readonly T[], size = 100): Generator<readonly T[], void> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/** Told when a damaged file was moved aside, or one was found to be gone. */
export type OnFileChange = (event: { readonly movedTo: string | null; readonly reason: string }) => void;
