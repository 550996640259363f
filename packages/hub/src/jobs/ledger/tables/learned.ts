import { listOf, placesOf, type Sql, type SqlValue, slicesOf } from "../../../sql/database.ts";
import type { KeptNode } from "../../estimate/estimator.ts";

/** Puts nodes in place of what was there; those without bytes are forgotten. */
export async function saveNodes(sql: Sql, hub: string, nodes: readonly KeptNode[]): Promise<void> {
  const there = nodes.filter(({ bytes }) => bytes !== null);
  for (const slice of slicesOf(there)) {
    await sql.change(
      `INSERT INTO job_nodes (hub, key, bytes) VALUES ${placesOf(slice.length, 3)}
       ON CONFLICT (hub, key) DO UPDATE SET bytes = excluded.bytes`,
      slice.flatMap(({ key, bytes }): SqlValue[] => [hub, key, bytes]),
    );
  }
  const gone = nodes.filter(({ bytes }) => bytes === null).map(({ key }) => key);
  for (const slice of slicesOf(gone)) {
    await sql.change(`DELETE FROM job_nodes WHERE hub = $1 AND key IN (${listOf(slice.length, 1)})`, [hub, ...slice]);
  }
}

/** In the order of their keys. @param after key of the last one that was read; `null` for none */
export async function readNodes(
  sql: Sql,
  hub: string,
  after: string | null,
  limit: number,
): Promise<readonly KeptNode[]> {
  const rows = await sql.rows("SELECT key, bytes FROM job_nodes WHERE hub = $1 AND key > $2 ORDER BY key LIMIT $3", [
    hub,
    after ?? "",
    limit,
  ]);
  return rows.map(([key, bytes]) => ({ key: String(key), bytes: Uint8Array.from(bytes as Uint8Array) }));
}
