import { listOf, numberOf, placesOf, type Sql, type SqlRow, type SqlValue, slicesOf } from "../../../sql/database.ts";
import type { BookCursor, BookPart } from "../job-tables.ts";
import type { KeptJob } from "../kept-job.ts";
import type { LedgerQuery } from "../ledger.ts";
import { LABEL_FOLLOWS, MAX_LOADED_ENDED } from "../ledger-query.ts";
import { readNodes } from "./learned.ts";

const KEEP_MS = 30 * 86_400_000;
const MAX_ENDED = 1_000_000;
/** A hub that was not seen for this long does not come back to what it had. */
const KEEP_STRANGERS_MS = 30 * 86_400_000;
const MOST_AT_ONCE = 2_000;
/** Of one part of what there is: about 2 MB. */
const PART_JOBS = 2_000;
const PART_NODES = 1_000;
/** Words are looked for in the newest of those that the rest of a query takes. */
const MAX_SEARCHED = 50_000;

/** Puts jobs in place of what was there. A job is live or ended, never both. */
export async function saveJobs(sql: Sql, hub: string, jobs: readonly KeptJob[]): Promise<void> {
  for (const slice of slicesOf(newestOf(jobs))) {
    const live = slice.filter(({ ended }) => ended === null);
    const ended = slice.filter((job) => job.ended !== null);
    await removeLive(sql, hub, ended);
    await removeEnded(sql, hub, live);
    await saveEnded(sql, hub, ended);
    await saveLive(sql, hub, live);
  }
}

/** One record of each life, in the order in which they came last: no statement names a row twice. */
function newestOf(jobs: readonly KeptJob[]): readonly KeptJob[] {
  const lives = new Map<string, KeptJob>();
  /** What is not ended is the newest life alone. */
  const live = new Map<string, string>();
  for (const job of jobs) {
    const name = `${job.queue}\n${job.id}`;
    const life = `${name}\n${job.createdAt}`;
    const before = live.get(name);
    if (before !== undefined) lives.delete(before);
    live.delete(name);
    lives.delete(life);
    lives.set(life, job);
    if (job.ended === null) live.set(name, life);
  }
  return [...lives.values()];
}

async function saveLive(sql: Sql, hub: string, jobs: readonly KeptJob[]): Promise<void> {
  if (jobs.length === 0) return;
  await sql.change(
    `INSERT INTO job_live (hub, queue, id, job) VALUES ${placesOf(jobs.length, 4)}
     ON CONFLICT (hub, queue, id) DO UPDATE SET job = excluded.job`,
    jobs.flatMap(({ queue, id, job }) => [hub, queue, id, job]),
  );
}

async function saveEnded(sql: Sql, hub: string, jobs: readonly KeptJob[]): Promise<void> {
  if (jobs.length === 0) return;
  await sql.change(
    `INSERT INTO job_ended (hub, queue, id, created_at, ended_at, state, user_id, words, job)
     VALUES ${placesOf(jobs.length, 9)}
     ON CONFLICT (hub, queue, id, created_at) DO UPDATE SET ended_at = excluded.ended_at, state = excluded.state,
       user_id = excluded.user_id, words = excluded.words, job = excluded.job`,
    jobs.flatMap(({ queue, id, createdAt, ended, job }): SqlValue[] =>
      ended === null ? [] : [hub, queue, id, createdAt, ended.at, ended.state, ended.userId, ended.words, job],
    ),
  );
}

async function removeLive(sql: Sql, hub: string, jobs: readonly KeptJob[]): Promise<void> {
  if (jobs.length === 0) return;
  await sql.change(`DELETE FROM job_live WHERE hub = $1 AND (queue, id) IN (VALUES ${placesOf(jobs.length, 2, 1)})`, [
    hub,
    ...jobs.flatMap(({ queue, id }) => [queue, id]),
  ]);
}

/** Those that were put back. */
async function removeEnded(sql: Sql, hub: string, jobs: readonly KeptJob[]): Promise<void> {
  if (jobs.length === 0) return;
  // PostgreSQL takes what has no type for text.
  const lives = jobs.map((_, i) => `($${i * 3 + 2}, $${i * 3 + 3}, CAST($${i * 3 + 4} AS bigint))`).join(", ");
  await sql.change(`DELETE FROM job_ended WHERE hub = $1 AND (queue, id, created_at) IN (VALUES ${lives})`, [
    hub,
    ...jobs.flatMap(({ queue, id, createdAt }) => [queue, id, createdAt]),
  ]);
}

/** A part of everything: live jobs, then those that ended, then nodes. */
export async function readPart(sql: Sql, hub: string, after: BookCursor | null): Promise<BookPart> {
  if (after?.table === "nodes") return readNodesPart(sql, hub, after.key);
  const rows = await sql.rows(
    `SELECT queue, id, job FROM job_live WHERE hub = $1 AND (queue, id) > ($2, $3) ORDER BY queue, id LIMIT ${PART_JOBS}`,
    [hub, after?.queue ?? "", after?.id ?? ""],
  );
  const jobs = rows.map(([, , job]) => String(job));
  const last = rows.at(-1);
  if (last !== undefined && rows.length === PART_JOBS) {
    return { jobs, nodes: [], next: { table: "live", queue: String(last[0]), id: String(last[1]) } };
  }
  const ended = await sql.rows(
    `SELECT job FROM job_ended WHERE hub = $1 ORDER BY ended_at DESC, queue, id LIMIT ${MAX_LOADED_ENDED}`,
    [hub],
  );
  return { jobs: [...jobs, ...ended.map(textOf)], nodes: [], next: { table: "nodes", key: "" } };
}

async function readNodesPart(sql: Sql, hub: string, after: string): Promise<BookPart> {
  const nodes = await readNodes(sql, hub, after, PART_NODES);
  const last = nodes.at(-1);
  const next: BookCursor | null =
    last !== undefined && nodes.length === PART_NODES ? { table: "nodes", key: last.key } : null;
  return { jobs: [], nodes, next };
}

/** The newest life of a job: a live one, or the one that ended last. */
export async function findJob(sql: Sql, hub: string, queue: string, id: string): Promise<string | null> {
  const key = [hub, queue, id];
  const [live] = await sql.rows("SELECT job FROM job_live WHERE hub = $1 AND queue = $2 AND id = $3", key);
  if (live !== undefined) return textOf(live);
  const [ended] = await sql.rows(
    "SELECT job FROM job_ended WHERE hub = $1 AND queue = $2 AND id = $3 ORDER BY created_at DESC LIMIT 1",
    key,
  );
  return ended === undefined ? null : textOf(ended);
}

/** Those that ended, newest first. */
export async function findEnded(
  sql: Sql,
  hub: string,
  { queue, states, userId, search, withoutLabels = false, endedFrom, endedBefore, offset, limit }: LedgerQuery,
): Promise<{ readonly matched: number; readonly jobs: readonly string[] }> {
  const values: SqlValue[] = [hub];
  const conditions = ["hub = $1"];
  const narrow = (condition: string, value: SqlValue | undefined): void => {
    if (value !== null && value !== undefined) conditions.push(`${condition} $${values.push(value)}`);
  };
  narrow("queue =", queue);
  narrow("user_id =", userId);
  narrow("ended_at >=", endedFrom);
  narrow("ended_at <", endedBefore);
  if (states.length > 0) {
    conditions.push(`state IN (${listOf(states.length, values.length)})`);
    values.push(...states);
  }
  let from = `job_ended WHERE ${conditions.join(" AND ")}`;
  if (search !== "") {
    const end = withoutLabels ? `%${LABEL_FOLLOWS}%` : "%";
    const place = `$${values.push(`%${escapeLike(search.toLowerCase())}${end}`)}`;
    const newest = `SELECT job, ended_at, queue, id, words FROM ${from} ORDER BY ended_at DESC LIMIT ${MAX_SEARCHED}`;
    from = `(${newest}) AS newest WHERE words LIKE ${place} ESCAPE '!'`;
  }
  const matched = numberOf(await sql.rows(`SELECT count(*) FROM ${from}`, values));
  if (matched <= offset) return { matched, jobs: [] };
  const rows = await sql.rows(
    `SELECT job FROM ${from} ORDER BY ended_at DESC, queue, id LIMIT $${values.push(limit)} OFFSET $${values.push(offset)}`,
    values,
  );
  return { matched, jobs: rows.map(textOf) };
}

/** Deletes some of what is too old or too much; says whether there may be more. */
export async function pruneEnded(sql: Sql, hub: string, now: number): Promise<boolean> {
  const old = await removeOldest(sql, hub, MOST_AT_ONCE, now - KEEP_MS);
  const over = numberOf(await sql.rows("SELECT count(*) FROM job_ended WHERE hub = $1", [hub])) - MAX_ENDED;
  const further = over <= 0 ? 0 : await removeOldest(sql, hub, Math.min(MOST_AT_ONCE, over), now + KEEP_MS);
  return old + further >= MOST_AT_ONCE;
}

async function removeOldest(sql: Sql, hub: string, most: number, before: number): Promise<number> {
  return sql.change(
    `DELETE FROM job_ended WHERE hub = $1 AND (queue, id, created_at) IN (
       SELECT queue, id, created_at FROM job_ended WHERE hub = $1 AND ended_at < $2 ORDER BY ended_at LIMIT $3)`,
    [hub, before, most],
  );
}

/** Deletes some of what a hub left that is gone for good; says whether there may be more. */
export async function pruneStrangers(sql: Sql, hubs: string, now: number): Promise<boolean> {
  const [[gone] = []] = await sql.rows(`SELECT hub FROM ${hubs} WHERE seen_at < $1 LIMIT 1`, [now - KEEP_STRANGERS_MS]);
  if (gone === undefined) return false;
  const hub = String(gone);
  if ((await removeOldest(sql, hub, MOST_AT_ONCE, Number.MAX_SAFE_INTEGER)) > 0) return true;
  for (const table of ["job_live", "job_nodes", hubs]) {
    await sql.change(`DELETE FROM ${table} WHERE hub = $1`, [hub]);
  }
  return true;
}

function textOf([job]: SqlRow): string {
  return String(job);
}

function escapeLike(text: string): string {
  return text.replaceAll(/[!%_]/g, "!$&");
}
