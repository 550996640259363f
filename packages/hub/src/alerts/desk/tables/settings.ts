import type { AlertInhibition, AlertRoute } from "@wsight/protocol";
import { numberOf, type Sql } from "../../../sql/database.ts";

/** Things of which there is one for all hubs. */
interface Settings {
  readonly route: AlertRoute;
  readonly inhibitions: readonly AlertInhibition[];
}

/** `null`: never set. */
export async function readSetting<Name extends keyof Settings>(sql: Sql, name: Name): Promise<Settings[Name] | null> {
  const [[value] = []] = await sql.rows("SELECT value FROM alert_settings WHERE name = $1", [name]);
  return value === undefined ? null : (JSON.parse(String(value)) as Settings[Name]);
}

export async function saveSetting<Name extends keyof Settings>(
  sql: Sql,
  name: Name,
  value: Settings[Name],
): Promise<void> {
  await put(sql, name, JSON.stringify(value));
  await raiseRevision(sql);
}

/** Grows with each change of rules, silences, channels, routes and inhibitions. */
export async function readRevision(sql: Sql): Promise<number> {
  return numberOf(await sql.rows("SELECT value FROM alert_settings WHERE name = 'revision'"));
}

/** Part of each such change. */
export async function raiseRevision(sql: Sql): Promise<void> {
  await put(sql, "revision", String((await readRevision(sql)) + 1));
}

async function put(sql: Sql, name: string, value: string): Promise<void> {
  await sql.change(
    "INSERT INTO alert_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [name, value],
  );
}
