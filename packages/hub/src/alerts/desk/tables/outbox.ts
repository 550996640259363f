import { createHash } from "node:crypto";
import { type Notice, type OutboxRow, type OutboxState, WsightError } from "@wsight/protocol";
import type { NoticeDraft } from "../../commit.ts";
import type { LeasedGroup, LeasedNotice, Outcome } from "../alert-tables.ts";
import type { OutboxQuery } from "../desk.ts";
import { noteFailed, noteSent } from "./channels.ts";
import {
  listOf,
  numberOf,
  numberOrNull,
  type Sql,
  type SqlRow,
  type SqlValue,
  slicesOf,
  textOrNull,
} from "./database.ts";
import { orderOutbox, type WaitingGroup } from "./outbox-order.ts";

/** Notices of one hub that may wait; beyond, the oldest of what can best be missed is given up. */
const MAX_WAITING = 10_000;
/** Rows that are looked at for what is due next. */
const MAX_LOOKED_AT = 20_000;
const KEEP_MS = 30 * 86_400_000;
const MAX_ROWS = 100_000;
const KEEP_GROUPS_MS = 7 * 86_400_000;
const MOST_AT_ONCE = 500;
const LONGEST_ERROR = 500;
const WAITING = "state IN ('queued', 'leased')";
const ROW =
  "id, channel_id, state, notice, attempts, created_at, next_at, sent_at, provider_id, last_error, lease_until";

/** Whose notices, and who sends them. */
export interface Sender {
  /** Name of the hub. */
  readonly hub: string;
  /** Of this process: leases carry it. */
  readonly process: string;
}

/** Puts notices in; one whose key is known changes nothing. */
export async function addNotices(sql: Sql, hub: string, drafts: readonly NoticeDraft[], now: number): Promise<void> {
  for (const draft of drafts) {
    const id = await insert(sql, hub, draft, now);
    if (id !== null) await supersede(sql, id, draft);
  }
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
  await insert(sql, hub, draft, now);
  const [row = []] = await sql.rows(`SELECT ${ROW} FROM alert_outbox WHERE dedupe_key = $1`, [dedupeKey]);
  return rowOf(row, now);
}

/** What could be told, by the time it is due. */
export async function readWaiting(sql: Sql, hub: string, now: number): Promise<readonly WaitingGroup[]> {
  const rows = await sql.rows(
    `SELECT id, hub, channel_id, group_key, interval_ms, episode_id, lease_until, attempts, next_at
     FROM alert_outbox WHERE ${WAITING} AND (hub = $1 OR episode_id IN
       (SELECT episode_id FROM alert_outbox WHERE ${WAITING} AND hub = $1 AND episode_id IS NOT NULL))
     ORDER BY id LIMIT ${MAX_LOOKED_AT}`,
    [hub],
  );
  if (rows.length === 0) return [];
  const told = new Map<string, number>();
  for (const [channelId, digest, at] of await sql.rows(
    "SELECT channel_id, digest, sent_at FROM alert_groups WHERE hub = $1 AND sent_at > $2",
    [hub, now - KEEP_GROUPS_MS],
  )) {
    told.set(`${channelId}\n${digest}`, Number(at));
  }
  const notices = rows.map(([id, owner, channelId, groupKey, intervalMs, episodeId, lease, attempts, nextAt]) => ({
    id: Number(id),
    ours: String(owner) === hub,
    channelId: String(channelId),
    groupKey: String(groupKey),
    intervalMs: Number(intervalMs),
    episodeId: textOrNull(episodeId),
    leasedUntil: numberOrNull(lease),
    attempts: Number(attempts),
    nextAt: Number(nextAt),
  }));
  return orderOutbox(notices, (channelId, groupKey) => told.get(`${channelId}\n${digestOf(groupKey)}`) ?? null, now);
}

/** Takes groups that are due, for one sender. */
export async function takeGroups(
  sql: Sql,
  { hub, process }: Sender,
  groups: readonly WaitingGroup[],
  now: number,
  leaseMs: number,
): Promise<readonly LeasedGroup[]> {
  const taken: LeasedGroup[] = [];
  for (const { channelId, groupKey, ids } of groups) {
    const rows = await sql.rows(
      `UPDATE alert_outbox SET state = 'leased', lease_until = $1, lease_by = $2, attempts = attempts + 1
       WHERE hub = $3 AND ${WAITING} AND id IN (${listOf(ids.length, 3)})
       RETURNING id, dedupe_key, attempts, since_at, notice`,
      [now + leaseMs, process, hub, ...ids],
    );
    const notices = rows.map(leasedOf).sort((a, b) => a.id - b.id);
    if (notices.length > 0) taken.push({ channelId, groupKey, notices });
  }
  return taken;
}

/** See `AlertTables.settle`. */
export async function settle(
  sql: Sql,
  { hub, process }: Sender,
  ids: readonly number[],
  outcome: Outcome,
  now: number,
): Promise<void> {
  for (const slice of slicesOf(ids)) {
    if (outcome.result === "sent") await settleSent(sql, hub, slice, outcome.providerId, now);
    else await settleFailed(sql, process, slice, outcome, now);
  }
}

/** Puts a dead notice back. @throws WsightError `NOT_FOUND`, `CONFLICT` for one that is not dead */
export async function retry(sql: Sql, hub: string, id: number, now: number): Promise<OutboxRow> {
  const back = await sql.rows(
    `UPDATE alert_outbox SET state = 'queued', hub = $2, attempts = 0, since_at = $3, next_at = $3
     WHERE id = $1 AND state = 'dead' RETURNING ${ROW}`,
    [id, hub, now],
  );
  if (back[0] !== undefined) return rowOf(back[0], now);
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

/** Takes what waits of hubs that are gone. */
export async function takeOver(sql: Sql, hub: string, goneBefore: number): Promise<number> {
  return sql.change(
    `UPDATE alert_outbox SET hub = $1 WHERE ${WAITING} AND hub <> $1
     AND hub NOT IN (SELECT hub FROM alert_hubs WHERE seen_at >= $2)`,
    [hub, goneBefore],
  );
}

/** Ends leases of a process that is known to have ended. */
export async function endLeases(sql: Sql, hub: string, isOver: (process: string) => boolean): Promise<void> {
  const holders = await sql.rows(
    "SELECT DISTINCT lease_by FROM alert_outbox WHERE hub = $1 AND state = 'leased' AND lease_by IS NOT NULL",
    [hub],
  );
  for (const [holder] of holders) {
    if (!isOver(String(holder))) continue;
    await sql.change(
      `UPDATE alert_outbox SET state = 'queued', next_at = created_at, lease_until = NULL, lease_by = NULL
       WHERE hub = $1 AND state = 'leased' AND lease_by = $2`,
      [hub, String(holder)],
    );
  }
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

/** `null` when it is there already. */
async function insert(sql: Sql, hub: string, draft: NoticeDraft, now: number): Promise<number | null> {
  const { dedupeKey, channelId, groupKey, groupWaitSec, groupIntervalSec, notice } = draft;
  const [[id] = []] = await sql.rows(
    `INSERT INTO alert_outbox (hub, dedupe_key, channel_id, group_key, interval_ms, episode_id, kind, state,
       created_at, since_at, next_at, notice)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10, $11) ON CONFLICT (dedupe_key) DO NOTHING RETURNING id`,
    [
      hub,
      dedupeKey,
      channelId,
      groupKey,
      groupIntervalSec * 1000,
      notice.episodeId,
      notice.kind,
      now,
      now,
      now + groupWaitSec * 1000,
      JSON.stringify(notice),
    ],
  );
  return numberOrNull(id);
}

/** A `resolved` says all that earlier notices of its episode would have said; any notice says more than a repeat. */
async function supersede(sql: Sql, id: number, { channelId, notice }: NoticeDraft): Promise<void> {
  if (notice.episodeId === null) return;
  const which = notice.kind === "resolved" ? "" : "AND kind = 'repeat'";
  await sql.change(
    `UPDATE alert_outbox SET state = 'superseded'
     WHERE episode_id = $1 AND channel_id = $2 AND state = 'queued' AND id < $3 ${which}`,
    [notice.episodeId, channelId, id],
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

async function settleSent(
  sql: Sql,
  hub: string,
  ids: readonly number[],
  providerId: string | null,
  now: number,
): Promise<void> {
  // Also what was leased anew because it took so long: it was sent, and need not be again.
  const rows = await sql.rows(
    `UPDATE alert_outbox SET state = 'sent', sent_at = $1, provider_id = $2, lease_until = NULL, lease_by = NULL
     WHERE ${WAITING} AND id IN (${listOf(ids.length, 2)}) RETURNING channel_id, group_key`,
    [now, providerId?.slice(0, LONGEST_ERROR) ?? null, ...ids],
  );
  for (const { channelId, groupKey, count } of countGroups(rows)) {
    await sql.change(
      `INSERT INTO alert_groups (hub, channel_id, digest, sent_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (hub, channel_id, digest) DO UPDATE SET sent_at = excluded.sent_at`,
      [hub, channelId, digestOf(groupKey), now],
    );
    await noteSent(sql, channelId, count, now);
  }
}

async function settleFailed(
  sql: Sql,
  process: string,
  ids: readonly number[],
  outcome: Exclude<Outcome, { readonly result: "sent" }>,
  now: number,
): Promise<void> {
  const error = outcome.error.slice(0, LONGEST_ERROR);
  const [state, nextAt] = outcome.result === "again" ? ["queued", outcome.nextAt] : ["dead", now];
  const rows = await sql.rows(
    `UPDATE alert_outbox SET state = $1, next_at = $2, last_error = $3, lease_until = NULL, lease_by = NULL
     WHERE state = 'leased' AND lease_by = $4 AND id IN (${listOf(ids.length, 4)}) RETURNING channel_id, group_key`,
    [state, Math.round(nextAt), error, process, ...ids],
  );
  for (const { channelId } of countGroups(rows)) await noteFailed(sql, channelId, error, now);
  if (state === "queued") await supersedeReturned(sql, ids);
}

/** What came back while its episode ended need not be told any more. */
async function supersedeReturned(sql: Sql, ids: readonly number[]): Promise<void> {
  await sql.change(
    `UPDATE alert_outbox SET state = 'superseded' WHERE state = 'queued' AND id IN (${listOf(ids.length)})
     AND EXISTS (SELECT 1 FROM alert_outbox later WHERE later.episode_id = alert_outbox.episode_id
       AND later.channel_id = alert_outbox.channel_id AND later.id > alert_outbox.id
       AND later.state = 'queued' AND later.kind = 'resolved')`,
    ids,
  );
}

function countGroups(rows: readonly SqlRow[]): readonly { channelId: string; groupKey: string; count: number }[] {
  const groups = new Map<string, { channelId: string; groupKey: string; count: number }>();
  for (const [channel, group] of rows) {
    const [channelId, groupKey] = [String(channel), String(group)];
    const key = `${channelId}\n${groupKey}`;
    groups.set(key, { channelId, groupKey, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()];
}

/** Keys of groups may be longer than an index takes. */
function digestOf(groupKey: string): string {
  return createHash("sha256").update(groupKey).digest("base64url");
}

function leasedOf([id, dedupeKey, attempts, sinceAt, notice]: SqlRow): LeasedNotice {
  return {
    id: Number(id),
    dedupeKey: String(dedupeKey),
    // Without the one that begins.
    attempts: Number(attempts) - 1,
    createdAt: Number(sinceAt),
    notice: JSON.parse(String(notice)) as Notice,
  };
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
