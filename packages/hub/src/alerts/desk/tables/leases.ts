import { createHash } from "node:crypto";
import type { Notice } from "@wsight/protocol";
import { listOf, numberOrNull, type Sql, type SqlRow, slicesOf, textOrNull } from "../../../sql/database.ts";
import type { LeasedGroup, LeasedNotice, Outcome } from "../alert-tables.ts";
import { noteFailed, noteSent } from "./channels.ts";
import { KEEP_GROUPS_MS, LONGEST_ERROR, WAITING } from "./outbox.ts";
import { orderOutbox, type WaitingGroup, type WaitingNotice } from "./outbox-order.ts";

/** Notices of each channel that are looked at for what is due next: the oldest. */
const MAX_LOOKED_AT = 500;

/** Whose notices, and who sends them. */
export interface Sender {
  /** Name of the hub. */
  readonly hub: string;
  /** Of this process: leases carry it. */
  readonly process: string;
}

/** What could be told, by the time it is due. */
export async function readWaiting(sql: Sql, hub: string, now: number): Promise<readonly WaitingGroup[]> {
  const notices: WaitingNotice[] = [];
  const channels = await sql.rows(`SELECT DISTINCT channel_id FROM alert_outbox WHERE ${WAITING} AND hub = $1`, [hub]);
  for (const [channelId] of channels) notices.push(...(await readChannel(sql, hub, String(channelId))));
  if (notices.length === 0) return [];
  const told = new Map<string, number>();
  for (const [channelId, digest, at] of await sql.rows(
    "SELECT channel_id, digest, sent_at FROM alert_groups WHERE hub = $1 AND sent_at > $2",
    [hub, now - KEEP_GROUPS_MS],
  )) {
    told.set(`${channelId}\n${digest}`, Number(at));
  }
  return orderOutbox(notices, (channelId, groupKey) => told.get(`${channelId}\n${digestOf(groupKey)}`) ?? null, now);
}

/** What waits for a channel: the hub's own, and what others are to tell before it. */
async function readChannel(sql: Sql, hub: string, channelId: string): Promise<readonly WaitingNotice[]> {
  const rows = await sql.rows(
    `SELECT id, hub, group_key, interval_ms, episode_id, lease_until, attempts, next_at
     FROM alert_outbox WHERE ${WAITING} AND channel_id = $2 AND (hub = $1 OR episode_id IN
       (SELECT episode_id FROM alert_outbox WHERE ${WAITING} AND channel_id = $2 AND hub = $1 AND episode_id IS NOT NULL))
     ORDER BY id LIMIT ${MAX_LOOKED_AT}`,
    [hub, channelId],
  );
  return rows.map(([id, owner, groupKey, intervalMs, episodeId, lease, attempts, nextAt]) => ({
    id: Number(id),
    ours: String(owner) === hub,
    channelId,
    groupKey: String(groupKey),
    intervalMs: Number(intervalMs),
    episodeId: textOrNull(episodeId),
    leasedUntil: numberOrNull(lease),
    attempts: Number(attempts),
    nextAt: Number(nextAt),
  }));
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
