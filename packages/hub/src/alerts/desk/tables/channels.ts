import { type AlertChannel, type ChannelHealth, WsightError } from "@wsight/protocol";
import { numberOrNull, type Sql, type SqlRow, textOrNull } from "../../../sql/database.ts";
import type { ChannelDraft } from "../desk.ts";
import { namesOfSealed } from "../sealing.ts";
import { checkVersion, refuseMore } from "./rules.ts";
import { raiseRevision } from "./settings.ts";

const MAX_CHANNELS = 100;
const COLUMNS = "id, version, channel, sealed, sent, failed, failing, last_sent_at, last_error, last_error_at";

/** What a channel is without its secrets. */
type PlainChannel = Omit<ChannelDraft, "secrets">;
/** Of each channel: notices that wait, and that were given up. */
type Counts = ReadonlyMap<string, { readonly queued: number; readonly dead: number }>;

export async function readChannels(sql: Sql): Promise<readonly AlertChannel[]> {
  const counts = await readCounts(sql);
  return (await sql.rows(`SELECT ${COLUMNS} FROM alert_channels ORDER BY id`)).map((row) => channelOf(row, counts));
}

/** See `AlertTables.saveChannel`. */
export async function saveChannel(
  sql: Sql,
  channel: PlainChannel,
  sealed: string,
  ifVersion: number | null,
): Promise<AlertChannel> {
  const { id, name, type, enabled, config } = channel;
  const [[found] = []] = await sql.rows("SELECT version FROM alert_channels WHERE id = $1", [id]);
  const current = numberOrNull(found);
  checkVersion(`channel ${id}`, ifVersion, current);
  if (current === null) await refuseMore(sql, "alert_channels", MAX_CHANNELS, "channels");
  await sql.change(
    `INSERT INTO alert_channels (id, version, channel, sealed) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, channel = excluded.channel, sealed = excluded.sealed`,
    [id, (current ?? 0) + 1, JSON.stringify({ name, type, enabled, config }), sealed],
  );
  await raiseRevision(sql);
  const [row = []] = await sql.rows(`SELECT ${COLUMNS} FROM alert_channels WHERE id = $1`, [id]);
  return channelOf(row, await readCounts(sql));
}

/** What waits for it is given up. */
export async function deleteChannel(sql: Sql, id: string): Promise<void> {
  const deleted = await sql.change("DELETE FROM alert_channels WHERE id = $1", [id]);
  if (deleted === 0) throw new WsightError("NOT_FOUND", `channel ${id}: there is none`);
  await sql.change(
    `UPDATE alert_outbox SET state = 'dead', last_error = 'the channel was deleted', lease_until = NULL, lease_by = NULL
     WHERE channel_id = $1 AND state IN ('queued', 'leased')`,
    [id],
  );
  await raiseRevision(sql);
}

export async function readSealed(sql: Sql, id: string): Promise<string | null> {
  const [[sealed] = []] = await sql.rows("SELECT sealed FROM alert_channels WHERE id = $1", [id]);
  return textOrNull(sealed);
}

/** Takes down what came of a message to a channel. */
export async function noteSent(sql: Sql, id: string, notices: number, now: number): Promise<void> {
  await sql.change("UPDATE alert_channels SET sent = sent + $2, failing = 0, last_sent_at = $3 WHERE id = $1", [
    id,
    notices,
    now,
  ]);
}

/** See {@link noteSent}. */
export async function noteFailed(sql: Sql, id: string, error: string, now: number): Promise<void> {
  await sql.change(
    "UPDATE alert_channels SET failed = failed + 1, failing = 1, last_error = $2, last_error_at = $3 WHERE id = $1",
    [id, error, now],
  );
}

async function readCounts(sql: Sql): Promise<Counts> {
  const counts = new Map<string, { queued: number; dead: number }>();
  const rows = await sql.rows(
    `SELECT channel_id, 'queued', count(*) FROM alert_outbox WHERE state IN ('queued', 'leased') GROUP BY channel_id
     UNION ALL
     SELECT channel_id, 'dead', count(*) FROM alert_outbox WHERE state = 'dead' AND kind <> 'test' GROUP BY channel_id`,
  );
  for (const [id, state, count] of rows) {
    const held = counts.get(String(id)) ?? { queued: 0, dead: 0 };
    counts.set(String(id), { ...held, [String(state)]: Number(count) });
  }
  return counts;
}

function channelOf(row: SqlRow, counts: Counts): AlertChannel {
  const [id, version, text, sealed] = row;
  const { name, type, enabled, config } = JSON.parse(String(text)) as PlainChannel;
  return {
    id: String(id),
    name,
    type,
    enabled,
    config,
    secrets: Object.fromEntries(namesOfSealed(String(sealed)).map((secret) => [secret, true])),
    version: Number(version),
    health: healthOf(row, counts),
  };
}

function healthOf([id, , , , sent, failed, failing, sentAt, error, errorAt]: SqlRow, counts: Counts): ChannelHealth {
  const used = sentAt !== null || errorAt !== null;
  return {
    state: Number(failing) === 1 ? "failing" : used ? "ok" : "unused",
    sent: Number(sent),
    failed: Number(failed),
    dead: counts.get(String(id))?.dead ?? 0,
    queued: counts.get(String(id))?.queued ?? 0,
    lastSentAt: numberOrNull(sentAt),
    lastError: textOrNull(error),
    lastErrorAt: numberOrNull(errorAt),
  };
}
