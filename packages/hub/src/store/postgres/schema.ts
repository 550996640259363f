import { WsightError } from "@wsight/protocol";
import type { Session } from "./lane.ts";

/** Advisory locks of this program: the first number is `wsig`, the second says which. */
export const LOCK = {
  migrate: "2003003751, 1",
  series: "2003003751, 2",
  alerts: "2003003751, 3",
  jobs: "2003003751, 4",
} as const;

/**
 * Step `i` takes the schema from version `i` to `i + 1`. Steps are only ever
 * added. From version 2 on, samples are in blocks: each writer (one hub at a
 * time) has its own, and what it has not put into blocks yet in `head` and
 * `segments`. What version 1 has left is read from `old_samples` and deleted.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE wsight.series (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     node text NOT NULL,
     key text NOT NULL,
     metric text NOT NULL,
     labels text NOT NULL,
     UNIQUE (node, key)
   );
   CREATE INDEX series_by_metric ON wsight.series (metric, node);
   CREATE TABLE wsight.samples (
     series bigint NOT NULL,
     at bigint NOT NULL,
     interval_ms bigint NOT NULL,
     min double precision NOT NULL,
     max double precision NOT NULL,
     sum double precision NOT NULL,
     count double precision NOT NULL,
     last double precision NOT NULL,
     histogram bytea,
     PRIMARY KEY (series, at)
   );
   CREATE INDEX samples_by_time ON wsight.samples (at);`,
  `ALTER TABLE wsight.samples RENAME TO old_samples;
   DROP INDEX wsight.samples_by_time;
   ALTER TABLE wsight.series
     ADD COLUMN seen_at bigint NOT NULL DEFAULT 0,
     ADD COLUMN added_at timestamptz NOT NULL DEFAULT now();
   CREATE INDEX series_by_age ON wsight.series (added_at);
   CREATE TABLE wsight.writers (
     id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL UNIQUE,
     token text NOT NULL,
     seen_at timestamptz NOT NULL,
     notes text
   );
   CREATE TABLE wsight.head (
     seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     writer integer NOT NULL,
     id bigint NOT NULL,
     data bytea NOT NULL,
     PRIMARY KEY (writer, id)
   );
   CREATE TABLE wsight.segments (
     seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
     writer integer NOT NULL,
     id bigint NOT NULL,
     data bytea NOT NULL,
     PRIMARY KEY (writer, id)
   );
   CREATE TABLE wsight.blocks (
     tier smallint NOT NULL,
     series integer NOT NULL,
     start_at bigint NOT NULL,
     writer integer NOT NULL,
     samples integer NOT NULL,
     data bytea NOT NULL,
     PRIMARY KEY (tier, series, start_at, writer)
   );
   CREATE INDEX blocks_by_writer ON wsight.blocks (writer);
   CREATE TABLE wsight.events (
     at bigint NOT NULL,
     digest bytea NOT NULL,
     kind text NOT NULL,
     node text,
     subject text NOT NULL,
     text text NOT NULL,
     attributes text NOT NULL,
     PRIMARY KEY (at, digest)
   );
   CREATE INDEX events_by_subject ON wsight.events (subject, at) WHERE subject <> '';
   ALTER TABLE wsight.head ALTER COLUMN data SET STORAGE EXTERNAL;
   ALTER TABLE wsight.segments ALTER COLUMN data SET STORAGE EXTERNAL;
   ALTER TABLE wsight.blocks ALTER COLUMN data SET STORAGE EXTERNAL;`,
];

/** Tables that are brought forward together. */
export interface Steps {
  /** What they hold, the first word of messages. */
  readonly what: string;
  /** Table of the schema that says how far they are. */
  readonly table: string;
  /** Step `i` takes them from version `i` to `i + 1`. */
  readonly migrations: readonly string[];
}

const HISTORY: Steps = { what: "history", table: "migrations", migrations: MIGRATIONS };

/**
 * Brings tables of the schema `wsight` forward, or makes them. Hubs that start
 * together wait for each other. A user that may only read and write is enough
 * once they are there.
 * @throws WsightError `STORE_UNAVAILABLE` when a newer version made them
 */
export async function migrate(session: Session, steps: Steps = HISTORY): Promise<void> {
  const { table, migrations } = steps;
  if ((await versionOf(session, steps)) === migrations.length) return;
  await session.run("BEGIN");
  await session.run(`SELECT pg_advisory_xact_lock(${LOCK.migrate})`);
  const version = await versionOf(session, steps);
  if (version === null) {
    await session.run("CREATE SCHEMA IF NOT EXISTS wsight");
    await session.run(`CREATE TABLE wsight.${table} (version integer PRIMARY KEY, made_at timestamptz NOT NULL)`);
  }
  for (const [index, step] of migrations.entries()) {
    if (index < (version ?? 0)) continue;
    await session.run(step);
    await session.run(`INSERT INTO wsight.${table} VALUES ($1, now())`, [index + 1]);
  }
  await session.run("COMMIT");
}

/** `null` when nothing is there yet. */
async function versionOf(session: Session, { what, table, migrations }: Steps): Promise<number | null> {
  // Not `to_regclass`, whose answer may be older than the lock that was waited for.
  const [[there] = []] = await session.run(
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'wsight' AND tablename = $1)",
    [table],
  );
  if (there !== true) return null;
  const [[version] = []] = await session.run(`SELECT coalesce(max(version), 0) FROM wsight.${table}`);
  if (Number(version) <= migrations.length) return Number(version);
  throw new WsightError(
    "STORE_UNAVAILABLE",
    `${what}: expected a schema of version ${migrations.length} or older, got ${version}: a newer wsight made it; upgrade, or choose another database`,
  );
}
