import type { Sql } from "./database.ts";

/** How names begin under which nobody comes back: those of hubs without a data directory. */
const ONCE = "once ";
/** One of those that was not seen for this long has ended, ms. */
const LEFT_MS = 60_000;

/**
 * The name under which a hub goes on. One that could never come back under its own takes that of one like it which has
 * ended, as `hubs` says: so what began before it was started anew goes on, and ends some time.
 */
export async function takeHubName(sql: Sql, hubs: string, wished: string, now: number): Promise<string> {
  if (!wished.startsWith(ONCE)) return wished;
  const [[left] = []] = await sql.rows(
    `SELECT hub FROM ${hubs} WHERE hub LIKE '${ONCE}%' AND seen_at <= $1 ORDER BY seen_at DESC LIMIT 1`,
    [now - LEFT_MS],
  );
  const name = left === undefined ? wished : String(left);
  await noteHub(sql, hubs, name, now);
  return name;
}

/** Says that a hub lives. */
export async function noteHub(sql: Sql, hubs: string, hub: string, now: number): Promise<void> {
  await sql.change(
    `INSERT INTO ${hubs} (hub, seen_at) VALUES ($1, $2) ON CONFLICT (hub) DO UPDATE SET seen_at = excluded.seen_at`,
    [hub, now],
  );
}

/** Leaves a name to whoever comes next, where nobody would come back to it. */
export async function leaveHubName(sql: Sql, hubs: string, hub: string, now: number): Promise<void> {
  if (hub.startsWith(ONCE)) await noteHub(sql, hubs, hub, now - LEFT_MS);
}
