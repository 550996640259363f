import type { AlertTables } from "../alert-tables.ts";
import type { AlertDatabase } from "./database.ts";
import type { OnFileChange } from "./libsql-database.ts";
import { createSqlAlertTables } from "./sql-alert-tables.ts";
import { ALERTS_FILE, type AlertTablesPlace } from "./tables-place.ts";

/** How tables are opened. */
export interface AlertTablesOptions {
  readonly place: AlertTablesPlace;
  /** ms epoch. */
  readonly now: () => number;
  /** Told when a file was moved aside or found to be gone. @default nobody */
  readonly onFileChange?: OnFileChange;
}

/** Opens the tables; nothing is connected before the first call. Only the client of the database that is used is loaded. */
export async function openAlertTables(options: AlertTablesOptions): Promise<AlertTables> {
  const { place, now } = options;
  return createSqlAlertTables({
    database: await openDatabase(options),
    hub: place.engine === "postgres" ? place.hub : "",
    now,
  });
}

async function openDatabase({ place, onFileChange = () => undefined }: AlertTablesOptions): Promise<AlertDatabase> {
  if (place.engine === "postgres") {
    const { openPostgresDatabase } = await import("./postgres-database.ts");
    return openPostgresDatabase(place.url);
  }
  const { LibsqlDatabase } = await import("./libsql-database.ts");
  const { dataDir } = place;
  return new LibsqlDatabase(dataDir === null ? null : { dataDir, file: ALERTS_FILE, what: "alerts" }, onFileChange);
}
