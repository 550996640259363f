import { type AlertEpisode, type EpisodePage, WsightError } from "@wsight/protocol";
import { listOf, numberOf, placesOf, type Sql, type SqlRow, type SqlValue, slicesOf } from "../../../sql/database.ts";
import type { AlertCommit } from "../../commit.ts";
import type { InstanceState } from "../../machine/instance-state.ts";
import type { EpisodeQuery } from "../desk.ts";

const KEEP_EPISODES_MS = 400 * 86_400_000;
const MAX_EPISODES = 100_000;
/** States of a hub that is gone are of no use to any other. */
const KEEP_STRANGERS_MS = 30 * 86_400_000;
const MOST_AT_ONCE = 500;

/** States of the hub's instances that are not in range. */
export async function readInstances(sql: Sql, hub: string): Promise<readonly InstanceState[]> {
  const rows = await sql.rows("SELECT state FROM alert_instances WHERE hub = $1 ORDER BY fingerprint", [hub]);
  return rows.map(([state]) => JSON.parse(String(state)) as InstanceState);
}

/** Puts instances in place of what was there. */
export async function saveInstances(
  sql: Sql,
  hub: string,
  { instances, forgotten }: Pick<AlertCommit, "instances" | "forgotten">,
  now: number,
): Promise<void> {
  for (const slice of slicesOf(instances)) {
    const values = slice.flatMap((state): SqlValue[] => [hub, state.fingerprint, now, JSON.stringify(state)]);
    await sql.change(
      `INSERT INTO alert_instances (hub, fingerprint, at, state) VALUES ${placesOf(slice.length, 4)}
       ON CONFLICT (hub, fingerprint) DO UPDATE SET at = excluded.at, state = excluded.state`,
      values,
    );
  }
  for (const slice of slicesOf(forgotten)) {
    await sql.change(`DELETE FROM alert_instances WHERE hub = $1 AND fingerprint IN (${listOf(slice.length, 1)})`, [
      hub,
      ...slice,
    ]);
  }
}

/** Episodes of the hub that go on. */
export async function readOpenEpisodes(sql: Sql, hub: string): Promise<readonly AlertEpisode[]> {
  const rows = await sql.rows("SELECT episode FROM alert_episodes WHERE hub = $1 AND ended_at IS NULL ORDER BY id", [
    hub,
  ]);
  return rows.map(episodeOf);
}

export async function saveEpisodes(sql: Sql, hub: string, episodes: readonly AlertEpisode[]): Promise<void> {
  for (const slice of slicesOf(episodes)) {
    const values = slice.flatMap((episode): SqlValue[] => [
      episode.id,
      hub,
      episode.ruleId,
      episode.fingerprint,
      episode.startedAt,
      episode.endedAt,
      JSON.stringify(episode),
    ]);
    await sql.change(
      `INSERT INTO alert_episodes (id, hub, rule_id, fingerprint, started_at, ended_at, episode)
       VALUES ${placesOf(slice.length, 7)}
       ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, episode = excluded.episode`,
      values,
    );
  }
}

/** Those that were going on within a time, newest first, of all hubs. */
export async function readEpisodes(sql: Sql, query: EpisodeQuery): Promise<EpisodePage> {
  const { fromAt, toAt, limit } = query;
  const values: SqlValue[] = [fromAt, Math.min(toAt, Number.MAX_SAFE_INTEGER)];
  const conditions = ["(ended_at IS NULL OR ended_at >= $1)", "started_at < $2"];
  const narrow = (condition: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`${condition} $${values.push(value)}`);
  };
  narrow("rule_id =", query.ruleId);
  narrow("fingerprint =", query.fingerprint);
  narrow("id <", query.before);
  const rows = await sql.rows(
    `SELECT episode FROM alert_episodes WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT $${values.push(limit + 1)}`,
    values,
  );
  const episodes = rows.slice(0, limit).map(episodeOf);
  return { episodes, next: rows.length > limit ? (episodes.at(-1)?.id ?? null) : null };
}

/** @throws WsightError `NOT_FOUND` */
export async function readEpisode(sql: Sql, id: string): Promise<AlertEpisode> {
  const [row] = await sql.rows("SELECT episode FROM alert_episodes WHERE id = $1", [id]);
  if (row === undefined) throw new WsightError("NOT_FOUND", `episode ${id}: there is none`);
  return episodeOf(row);
}

/** Deletes some of what is too old or too much; says whether there may be more. */
export async function pruneEpisodes(sql: Sql, hub: string, now: number): Promise<boolean> {
  const over = numberOf(await sql.rows("SELECT count(*) FROM alert_episodes")) - MAX_EPISODES;
  // One that never ended belongs to a hub that did not come back.
  const old = await sql.change(
    `DELETE FROM alert_episodes WHERE id IN
       (SELECT id FROM alert_episodes WHERE coalesce(ended_at, started_at) < $1 ORDER BY id LIMIT ${MOST_AT_ONCE})`,
    [now - KEEP_EPISODES_MS],
  );
  const most = Math.min(MOST_AT_ONCE, Math.max(0, over - old));
  const further = await sql.change(
    `DELETE FROM alert_episodes WHERE id IN
       (SELECT id FROM alert_episodes WHERE ended_at IS NOT NULL ORDER BY id LIMIT $1)`,
    [most],
  );
  await sql.change("DELETE FROM alert_instances WHERE hub <> $1 AND at < $2", [hub, now - KEEP_STRANGERS_MS]);
  return old + further >= MOST_AT_ONCE;
}

function episodeOf([episode]: SqlRow): AlertEpisode {
  return JSON.parse(String(episode)) as AlertEpisode;
}
