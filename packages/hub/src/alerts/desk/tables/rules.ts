import { type AlertRule, type AlertSilence, MAX_ALERT_RULES, WsightError } from "@wsight/protocol";
import { numberOf, type Sql, type SqlRow } from "../../../sql/database.ts";
import { raiseRevision } from "./settings.ts";

/** Versions of a rule that are kept, and how long those of one that is gone, ms. */
const MAX_VERSIONS = 50;
const KEEP_GONE_MS = 30 * 86_400_000;
const MAX_SILENCES = 1000;

export async function readRules(sql: Sql): Promise<readonly AlertRule[]> {
  return (await sql.rows("SELECT rule FROM alert_rules ORDER BY id")).map(ruleOf);
}

/** See `AlertDesk.saveRule`. The version goes on from those that a deleted rule of this id had. */
export async function saveRule(sql: Sql, rule: AlertRule, ifVersion: number | null, now: number): Promise<AlertRule> {
  const kept = await versionOf(sql, rule.id);
  // A built-in rule that nobody changed yet is in no table: its first version came with the program.
  const current = kept ?? (rule.builtin ? 1 : null);
  if (kept === null) await refuseMore(sql, "alert_rules", MAX_ALERT_RULES, "rules");
  checkVersion(`rule ${rule.id}`, rule.builtin && kept === null ? (ifVersion ?? 1) : ifVersion, current);
  const newest = numberOf(await sql.rows("SELECT max(version) FROM alert_rule_versions WHERE id = $1", [rule.id]));
  const saved: AlertRule = { ...rule, version: Math.max(current ?? 0, newest) + 1, updatedAt: now };
  const text = JSON.stringify(saved);
  await sql.change(
    `INSERT INTO alert_rules (id, version, rule) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, rule = excluded.rule`,
    [saved.id, saved.version, text],
  );
  await sql.change("INSERT INTO alert_rule_versions (id, version, at, rule) VALUES ($1, $2, $3, $4)", [
    saved.id,
    saved.version,
    now,
    text,
  ]);
  await sql.change("DELETE FROM alert_rule_versions WHERE id = $1 AND version <= $2", [
    saved.id,
    saved.version - MAX_VERSIONS,
  ]);
  await raiseRevision(sql);
  return saved;
}

export async function deleteRule(sql: Sql, id: string, ifVersion: number): Promise<void> {
  checkVersion(`rule ${id}`, ifVersion, await versionOf(sql, id));
  await sql.change("DELETE FROM alert_rules WHERE id = $1", [id]);
  await raiseRevision(sql);
}

/** Newest first. */
export async function readRuleVersions(sql: Sql, id: string): Promise<readonly AlertRule[]> {
  const rows = await sql.rows("SELECT rule FROM alert_rule_versions WHERE id = $1 ORDER BY version DESC LIMIT $2", [
    id,
    MAX_VERSIONS,
  ]);
  return rows.map(ruleOf);
}

/** Deletes versions of rules that are long gone. */
export async function pruneVersions(sql: Sql, now: number): Promise<void> {
  await sql.change(
    "DELETE FROM alert_rule_versions WHERE at < $1 AND NOT EXISTS (SELECT 1 FROM alert_rules r WHERE r.id = alert_rule_versions.id)",
    [now - KEEP_GONE_MS],
  );
}

export async function readSilences(sql: Sql): Promise<readonly AlertSilence[]> {
  const rows = await sql.rows("SELECT silence FROM alert_silences ORDER BY id");
  return rows.map(([silence]) => JSON.parse(String(silence)) as AlertSilence);
}

export async function saveSilence(sql: Sql, silence: AlertSilence): Promise<void> {
  const known = await sql.rows("SELECT 1 FROM alert_silences WHERE id = $1", [silence.id]);
  if (known.length === 0) await refuseMore(sql, "alert_silences", MAX_SILENCES, "silences");
  await sql.change(
    "INSERT INTO alert_silences (id, silence) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET silence = excluded.silence",
    [silence.id, JSON.stringify(silence)],
  );
  await raiseRevision(sql);
}

export async function deleteSilence(sql: Sql, id: string): Promise<void> {
  const deleted = await sql.change("DELETE FROM alert_silences WHERE id = $1", [id]);
  if (deleted === 0) throw new WsightError("NOT_FOUND", `silence ${id}: there is none`);
  await raiseRevision(sql);
}

/**
 * @param current `null` for what is not there
 * @throws WsightError `NOT_FOUND`, `CONFLICT` when it is not the version that is meant
 */
export function checkVersion(what: string, meant: number | null, current: number | null): void {
  if (meant === current) return;
  if (current === null) throw new WsightError("NOT_FOUND", `${what}: there is none`);
  const expected = meant === null ? "none to be there" : `version ${meant}`;
  throw new WsightError("CONFLICT", `${what}: expected ${expected}, got version ${current}: load it again`, {
    details: { version: current },
  });
}

/** @throws WsightError `BAD_REQUEST` when there are so many already */
export async function refuseMore(
  sql: Sql,
  table: "alert_rules" | "alert_silences" | "alert_channels",
  most: number,
  what: string,
): Promise<void> {
  if (numberOf(await sql.rows(`SELECT count(*) FROM ${table}`)) < most) return;
  throw new WsightError("BAD_REQUEST", `expected at most ${most} ${what}; delete one first`);
}

async function versionOf(sql: Sql, id: string): Promise<number | null> {
  const [[version] = []] = await sql.rows("SELECT version FROM alert_rules WHERE id = $1", [id]);
  return version === undefined ? null : Number(version);
}

function ruleOf([rule]: SqlRow): AlertRule {
  return JSON.parse(String(rule)) as AlertRule;
}
