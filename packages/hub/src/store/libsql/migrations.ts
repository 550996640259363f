/** Marks a file as wsight history (SQLite's `application_id`): "WSIG". */
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
  // Samples of version 1 become blocks series by series; their table goes when it is empty.
  `DROP INDEX series_by_metric;
   ALTER TABLE samples RENAME TO old_samples;
   CREATE INDEX old_samples_by_series ON old_samples (series, at);
   CREATE TABLE head (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
   CREATE TABLE segments (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
   CREATE TABLE blocks (place INTEGER PRIMARY KEY, samples INTEGER NOT NULL, data BLOB NOT NULL);
   CREATE TABLE events (
     id INTEGER PRIMARY KEY,
     at INTEGER NOT NULL,
     kind TEXT NOT NULL,
     node TEXT,
     subject TEXT NOT NULL,
     text TEXT NOT NULL,
     attributes TEXT NOT NULL
   );
   CREATE INDEX events_by_time ON events (at);
   CREATE TABLE notes (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL);`,
];
