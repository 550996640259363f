/** Marks the file as a wsight history (SQLite's `application_id`): "WSIG". */
export const APPLICATION_ID = 0x57534947;

/**
 * Step `i` takes a database from schema version `i` to `i + 1`. Steps are only
 * ever added: files of every earlier version are brought forward at open.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE series (
     id INTEGER PRIMARY KEY,
     node TEXT NOT NULL,
     key TEXT NOT NULL,
     metric TEXT NOT NULL,
     labels TEXT NOT NULL,
     seen_at INTEGER NOT NULL,
     UNIQUE (node, key)
   );
   CREATE INDEX series_by_metric ON series (metric, node);
   CREATE TABLE samples (
     at INTEGER NOT NULL,
     series INTEGER NOT NULL,
     interval_ms INTEGER NOT NULL,
     min REAL NOT NULL,
     max REAL NOT NULL,
     sum REAL NOT NULL,
     count REAL NOT NULL,
     last REAL NOT NULL,
     histogram BLOB,
     PRIMARY KEY (at, series)
   ) WITHOUT ROWID;`,
];
