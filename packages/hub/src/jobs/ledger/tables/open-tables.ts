import type { OnFileChange, SqlTables } from "../../../sql/database.ts";
import { openDatabase } from "../../../sql/open-database.ts";
import type { SqlPlace } from "../../../sql/place.ts";
import { LOCK } from "../../../store/postgres/schema.ts";
import type { JobTables } from "../job-tables.ts";
import { JOBS_FILE } from "./jobs-file.ts";
import { jobSchema } from "./schema.ts";
import { createSqlJobTables } from "./sql-job-tables.ts";

const TABLES: SqlTables = {
  what: "jobs",
  keeper: "the ledger",
  file: JOBS_FILE,
  // "WSJB"
  applicationId: 0x57534a42,
  versions: "job_migrations",
  lock: LOCK.jobs,
  migrations: jobSchema,
};

/** Opens the tables; nothing is connected before the first call. */
export async function openJobTables(
  place: SqlPlace,
  now: () => number,
  onFileChange: OnFileChange,
): Promise<JobTables> {
  return createSqlJobTables({
    database: await openDatabase(TABLES, place, onFileChange),
    hub: place.engine === "postgres" ? place.hub : "",
    now,
  });
}
