import { WsightError } from "@wsight/protocol";
import type { Session } from "./lane.ts";

/** Advisory locks of this program: the first number is `wsig`, the second says which. */
export const LOCK = { migrate: "2003003751, 1", series: "2003003751, 2" } as const;

/**
 * Step `i` takes the schema from version `i` to `i + 1`. Steps are only ever
 * added. Samples lie by series, so that a look at some series reads no others,
 * and are found by time for deletion.
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
];

/**
 * Brings the schema `wsight` forward, or makes it. Hubs that start together
 * wait for each other. A user that may only read and write is enough once it is there.
 * @throws WsightError `STORE_UNAVAILABLE` when a newer version made it
 */
export async function migrate(session: Session): Promise<void> {
  if ((await versionOf(session)) === MIGRATIONS.length) return;
  await session.run("BEGIN");
  await session.run(`SELECT pg_advisory_xact_lock(${LOCK.migrate})`);
  const version = await versionOf(session);
  if (version === null) {
    await session.run("CREATE SCHEMA IF NOT EXISTS wsight");
    await session.run("CREATE TABLE wsight.migrations (version integer PRIMARY KEY, made_at timestamptz NOT NULL)");
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < (version ?? 0)) continue;
    await session.run(step);
    await session.run("INSERT INTO wsight.migrations VALUES ($1, now())", [index + 1]);
  }
  await session.run("COMMIT");
}

/** `null` when nothing is there yet. */
async function versionOf(session: Session): Promise<number | null> {
  // Not `to_regclass`, whose answer may be older than the lock that was waited for.
  const [[there] = []] = await session.run(
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'wsight' AND tablename = 'migrations')",
  );
  if (there !== true) return null;
  const [[version] = []] = await session.run("SELECT coalesce(max(version), 0) FROM wsight.migrations");
  if (Number(version) <= MIGRATIONS.length) return Number(version);
  throw new WsightError(
    "STORE_UNAVAILABLE",
    `history: expected a schema of version ${MIGRATIONS.length} or older, got ${version}: a newer wsight made it; upgrade, or choose another database`,
  );
}
