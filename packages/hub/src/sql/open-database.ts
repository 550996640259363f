import type { OnFileChange, SqlDatabase, SqlTables } from "./database.ts";
import type { SqlPlace } from "./place.ts";

/** Opens the database of some tables; nothing is connected before the first call. Only the client that is used is loaded. */
export async function openDatabase(
  tables: SqlTables,
  place: SqlPlace,
  onFileChange: OnFileChange = () => undefined,
): Promise<SqlDatabase> {
  if (place.engine === "postgres") {
    const { openPostgresDatabase } = await import("./postgres-database.ts");
    return openPostgresDatabase(place.url, tables);
  }
  const { LibsqlDatabase } = await import("./libsql-database.ts");
  return new LibsqlDatabase(tables, place.dataDir, onFileChange);
}
