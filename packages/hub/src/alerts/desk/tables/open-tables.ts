import type { OnFileChange, SqlTables } from "../../../sql/database.ts";
import { openDatabase } from "../../../sql/open-database.ts";
import type { SqlPlace } from "../../../sql/place.ts";
import { LOCK } from "../../../store/postgres/schema.ts";
import type { AlertTables } from "../alert-tables.ts";
import { ALERTS_FILE } from "./alerts-file.ts";
import { alertSchema } from "./schema.ts";
import { createSqlAlertTables } from "./sql-alert-tables.ts";

const TABLES: SqlTables = {
  what: "alerts",
  keeper: "the desk",
  file: ALERTS_FILE,
  // "WSAL"
  applicationId: 0x5753414c,
  versions: "alert_migrations",
  lock: LOCK.alerts,
  migrations: alertSchema,
};

/** How tables are opened. */
export interface AlertTablesOptions {
  readonly place: SqlPlace;
  /** ms epoch. */
  readonly now: () => number;
  /** Told when a file was moved aside or found to be gone. @default nobody */
  readonly onFileChange?: OnFileChange;
}

/** Opens the tables; nothing is connected before the first call. Only the client of the database that is used is loaded. */
export async function openAlertTables(options: AlertTablesOptions): Promise<AlertTables> {
  const { place, now, onFileChange } = options;
  return createSqlAlertTables({
    database: await openDatabase(TABLES, place, onFileChange),
    hub: place.engine === "postgres" ? place.hub : "",
    now,
  });
}
