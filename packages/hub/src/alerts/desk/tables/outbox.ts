import { type Notice, type OutboxRow, type OutboxState, WsightError } from "@wsight/protocol";
import {
  listOf,
  numberOf,
  numberOrNull,
  placesOf,
  type Sql,
  type SqlRow,
  type SqlValue,
  slicesOf,
  textOrNull,
} from "../../../sql/database.ts";
import type { NoticeDraft } from "../../commit.ts";
import type { OutboxQuery } from "../desk.ts";

/** Notices of one hub that may wait; beyond, the oldest of what can best be missed is given up. */
const MAX_WAITING = 10_000;
const KEEP_MS = 30 * 86_400_000;
const MAX_ROWS = 100_000;
/** When groups were last told is of use for so long. */
export const KEEP_GROUPS_MS = 604_800_000;
const MOST_AT_ONCE = 500;
/** Characters of what is kept of receivers' words. */
export const LONGEST_ERROR = 500;
/** Of notices that wait or are being sent. */
export const WAITING: string = "state IN ('queued', 'leased')";
const ROW =
  "id, channel_id, state, notice, attempts, created_at, next_at, sent_at, provider_id, last_error, lease_until";

/** Puts notices in; one whose key is known changes nothing. */
export async function addNotices(sql: Sql, hub: string, drafts: readonly NoticeDraft[], now: number): Promise<void> {
  for (const slice of slicesOf(drafts)) await supersede(sql, await insert(sql, hub, slice, now));
  if (drafts.length > 0) await giveWay(sql, hub);
}

/** Puts one in that is due at once, or finds it. */
export async function enqueue(
  sql: Sql,
  hub: string,
  dedupeKey: string,
  channelId: string,
  notice: Notice,
  now: number,
): Promise<OutboxRow> {
  const draft = { dedupeKey, channelId, groupKey: dedupeKey, groupWaitSec: 0, groupIntervalSec: 0, notice };
  await insert(sql, hub, [draft], now);
  const [row = []] = await sql.rows(`SELECT ${ROW} FROM alert_outbox WHERE dedupe_key = $1`, [dedupeKey]);
  return rowOf(row, now);
}

/** Puts a dead notice back. @throws WsightError `NOT_FOUND`, `CONFLICT` for one that is not dead */
export async function retry(sql: Sql, hub: string, id: number, now: number): Promise<OutboxRow> {
  const back = await sql.rows(
    `UPDATE alert_outbox SET state = 'queued', hub = $2, attempts = 0, since_at = $3, next_at = $3
     WHERE id = $1 AND state = 'dead' RETURNING ${ROW}`,
    [id, hub, now],
  );
  return changedOf(sql, id, back[0], now);
}

/** Keeps a dead notice as seen. @throws WsightError as {@link retry} does */
export async function dismiss(sql: Sql, id: number, now: number): Promise<OutboxRow> {
  const seen = await sql.rows(
    `UPDATE alert_outbox SET state = 'dismissed' WHERE id = $1 AND state = 'dead' RETURNING ${ROW}`,
    [id],
  );
  return changedOf(sql, id, seen[0], now);
}

/** The notice as it was changed; without one, says why none was: it is not dead, or not there. */
async function changedOf(sql: Sql, id: number, changed: SqlRow | undefined, now: number): Promise<OutboxRow> {
  if (changed !== undefined) return rowOf(changed, now);
  const [row] = await sql.rows(`SELECT ${ROW} FROM alert_outbox WHERE id = $1`, [id]);
  if (row === undefined) throw new WsightError("NOT_FOUND", `notice ${id}: there is none`);
  throw new WsightError(
    "CONFLICT",
    `notice ${id}: expected one that was given up, got one that is ${rowOf(row, now).state}`,
  );
}

/** Newest first, of all hubs. */
export async function readOutbox(sql: Sql, query: OutboxQuery, now: number): Promise<readonly OutboxRow[]> {
  const values: SqlValue[] = [];
  const conditions = ["1 = 1"];
  const narrow = (column: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push(`${column} = $${values.push(value)}`);
  };
  narrow("state", query.state);
  narrow("channel_id", query.channelId);
  narrow("episode_id", query.episodeId);
  const rows = await sql.rows(
    `SELECT ${ROW} FROM alert_outbox WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT $${values.push(query.limit)}`,
    values,
  );
  return rows.map((row) => rowOf(row, now));
}

/** Deletes some of what is too old or too much; says whether there may be more. */
export async function pruneOutbox(sql: Sql, now: number): Promise<boolean> {
  const over = numberOf(await sql.rows("SELECT count(*) FROM alert_outbox")) - MAX_ROWS;
  const old = await sql.change(
    `DELETE FROM alert_outbox WHERE id IN
       (SELECT id FROM alert_outbox WHERE NOT (${WAITING}) AND created_at < $1 ORDER BY id LIMIT ${MOST_AT_ONCE})`,
    [now - KEEP_MS],
  );
  const further = await sql.change(
    `DELETE FROM alert_outbox WHERE id IN (SELECT id FROM alert_outbox WHERE NOT (${WAITING}) ORDER BY id LIMIT $1)`,
    [Math.min(MOST_AT_ONCE, Math.max(0, over - old))],
  );
  await sql.change("DELETE FROM alert_groups WHERE sent_at < $1", [now - KEEP_GROUPS_MS]);
  return old + further >= MOST_AT_ONCE;
}

/** Says the ids of those that were not there. */
async function insert(sql: Sql, hub: string, drafts: readonly NoticeDraft[], now: number): Promise<readonly number[]> {
  const values = drafts.flatMap(({ dedupeKey, channelId, groupKey, groupWaitSec, groupIntervalSec, notice }) => [
    hub,
    dedupeKey,
    channelId,
    groupKey,
    groupIntervalSec * 1000,
    notice.episodeId,
    notice.kind,
    "queued",
    now,
    now,
    now + groupWaitSec * 1000,
    JSON.stringify(notice),
  ]);
  const rows = await sql.rows(
    `INSERT INTO alert_outbox (hub, dedupe_key, channel_id, group_key, interval_ms, episode_id, kind, state,
       created_at, since_at, next_at, notice)
     VALUES ${placesOf(drafts.length, 12)} ON CONFLICT (dedupe_key) DO NOTHING RETURNING id`,
    values,
  );
  return rows.map(([id]) => Number(id));
}

/** A `resolved` says all that earlier notices of its episode would have said; any notice says more than a repeat. */
async function supersede(sql: Sql, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql.change(
    `UPDATE alert_outbox SET state = 'superseded' WHERE id IN (
       SELECT earlier.id FROM alert_outbox later JOIN alert_outbox earlier
         ON earlier.episode_id = later.episode_id AND earlier.channel_id = later.channel_id AND earlier.id < later.id
       WHERE later.id IN (${listOf(ids.length)}) AND earlier.state = 'queued'
         AND (later.kind = 'resolved' OR earlier.kind = 'repeat'))`,
    ids,
  );
}

async function giveWay(sql: Sql, hub: string): Promise<void> {
  const waiting = numberOf(await sql.rows(`SELECT count(*) FROM alert_outbox WHERE ${WAITING} AND hub = $1`, [hub]));
  if (waiting <= MAX_WAITING) return;
  await sql.change(
    `UPDATE alert_outbox SET state = 'dead', last_error = 'gave way: more than ${MAX_WAITING} notices waited'
     WHERE id IN (SELECT id FROM alert_outbox WHERE hub = $1 AND state = 'queued'
       ORDER BY CASE WHEN kind IN ('repeat', 'resolved') THEN 0 ELSE 1 END, id LIMIT $2)`,
    [hub, waiting - MAX_WAITING],
  );
}

function rowOf(row: SqlRow, now: number): OutboxRow {
  const [id, channelId, state, notice, attempts, createdAt, nextAt, sentAt, providerId, lastError, leaseUntil] = row;
  const lease = numberOrNull(leaseUntil);
  const isOver = state === "leased" && lease !== null && lease <= now;
  return {
    id: Number(id),
    channelId: String(channelId),
    state: (isOver ? "queued" : String(state)) as OutboxState,
    notice: JSON.parse(String(notice)) as Notice,
    attempts: Number(attempts),
    createdAt: Number(createdAt),
    nextAt: isOver ? lease : Number(nextAt),
    sentAt: numberOrNull(sentAt),
    providerId: textOrNull(providerId),
    lastError: textOrNull(lastError),
  };
}
