import { WsightError } from "@wsight/protocol";
import type { SeriesRow } from "../blocks/block-tables.ts";
import type { PackedSeries } from "../pack.ts";
import { encodeIntegers } from "./binary.ts";
import type { Session } from "./lane.ts";
import { LOCK } from "./schema.ts";

/** `seen_at` is written when it is older than this by so much: a row for each series with each block would be a lot. */
const SEEN_STEP_MS = 3_600_000;
/** Numbers that the engine can work with. */
const MAX_ID = 2 ** 24 - 1;
/** A transaction that adds series takes less: what it adds is found by its age. */
const SLACK = "interval '2 minutes'";

const COLUMNS = "id, node, key, metric, labels";

/** Series by number, which all writers of a database share. */
export class SeriesTable {
  readonly #known = new Map<number, PackedSeries>();
  /** Newest moment that was looked at, by the database's clock, as text. */
  #lookedAt = "";

  /** All series. */
  async load(session: Session): Promise<readonly SeriesRow[]> {
    this.#known.clear();
    this.#lookedAt = await nowOf(session);
    return this.#learn(await session.run(`SELECT ${COLUMNS} FROM wsight.series ORDER BY id`));
  }

  /** Those that others added since the last look. */
  async loadNew(session: Session): Promise<readonly SeriesRow[]> {
    const lookedAt = await nowOf(session);
    const rows = await session.run(
      `SELECT ${COLUMNS} FROM wsight.series WHERE added_at > $1::timestamptz - ${SLACK} ORDER BY id`,
      [this.#lookedAt],
    );
    this.#lookedAt = lookedAt;
    return this.#learn(rows.filter(([id]) => !this.#known.has(Number(id))));
  }

  /** Numbers for series, in the order given. */
  async add(session: Session, series: readonly PackedSeries[]): Promise<readonly number[]> {
    const names = (["node", "key", "metric", "labels"] as const).map((name) => series.map((one) => one[name]));
    await session.run("BEGIN");
    // A number is used up by each row that is tried, also by one that is there already: those are left out.
    await session.run(
      `INSERT INTO wsight.series (node, key, metric, labels)
       SELECT DISTINCT ON (node, key) node, key, metric, labels
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS fresh (node, key, metric, labels)
       WHERE NOT EXISTS (SELECT FROM wsight.series AS known WHERE known.node = fresh.node AND known.key = fresh.key)
       ORDER BY node, key ON CONFLICT (node, key) DO NOTHING`,
      names,
    );
    const rows = await session.run(
      `SELECT known.id, known.node, known.key, known.metric, known.labels
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (node, key, place)
       JOIN wsight.series AS known ON known.node = wanted.node AND known.key = wanted.key ORDER BY place`,
      names.slice(0, 2),
    );
    await session.run("COMMIT");
    if (rows.length !== series.length) throw unavailable("series vanish as fast as they are made");
    const ids = this.#learn(rows).map(({ id }) => id);
    if (ids.some((id) => id > MAX_ID)) {
      throw unavailable(`expected at most ${MAX_ID} series ever, got more; begin a new database`);
    }
    return ids;
  }

  /** Within a transaction: keeps these from being deleted until its end, and notes when they were last seen. */
  async hold(
    session: Session,
    ids: readonly number[],
    seen: readonly (readonly [series: number, at: number])[],
  ): Promise<void> {
    await session.run(`SELECT pg_advisory_xact_lock_shared(${LOCK.series})`);
    const held = await session.run("SELECT id FROM wsight.series WHERE id = ANY($1::int8[])", [integers(ids)]);
    const there = new Set(held.map(([id]) => Number(id)));
    await this.#restore(
      session,
      ids.filter((id) => !there.has(id)),
    );
    if (seen.length === 0) return;
    // In one order by all, so that none waits for another that waits for it.
    await session.run(
      `UPDATE wsight.series AS known SET seen_at = late.at FROM (
         SELECT id, new.at FROM wsight.series JOIN unnest($1::int8[], $2::int8[]) AS new (series, at) ON id = new.series
         WHERE seen_at < new.at - ${SEEN_STEP_MS} ORDER BY id FOR NO KEY UPDATE OF series
       ) AS late WHERE known.id = late.id AND known.seen_at < late.at`,
      [integers(seen.map(([series]) => series)), integers(seen.map(([, at]) => at))],
    );
  }

  /** Deletes series that nothing uses, unless somebody writes right now. */
  async drop(
    session: Session,
    seenBefore: number,
    keep: ReadonlySet<number>,
    limit: number,
  ): Promise<readonly number[]> {
    await session.run("BEGIN");
    const [[alone] = []] = await session.run(`SELECT pg_try_advisory_xact_lock(${LOCK.series})`);
    // What was added lately may be in the memory of another hub alone.
    const rows =
      alone === true
        ? await session.run(
            `DELETE FROM wsight.series WHERE id IN (
               SELECT id FROM wsight.series AS known
               WHERE seen_at + ${SEEN_STEP_MS} < $1 AND added_at < now() - interval '1 day' AND id <> ALL($2::int8[])
                 AND NOT EXISTS (SELECT FROM wsight.blocks WHERE tier IN (0, 1, 2, 3, 4) AND series = known.id)
                 AND NOT EXISTS (SELECT FROM wsight.old_samples WHERE series = known.id)
               ORDER BY id LIMIT $3) RETURNING id`,
            [Math.min(Math.ceil(seenBefore), Number.MAX_SAFE_INTEGER), integers([...keep]), limit],
          )
        : [];
    await session.run("COMMIT");
    const ids = rows.map(([id]) => Number(id));
    for (const id of ids) this.#known.delete(id);
    return ids;
  }

  /** Another hub may have deleted a name whose series has come to life again here. */
  async #restore(session: Session, ids: readonly number[]): Promise<void> {
    const lost = ids.flatMap((id) => {
      const named = this.#known.get(id);
      return named === undefined ? [] : [{ id, ...named }];
    });
    if (lost.length === 0) return;
    await session.run(
      `INSERT INTO wsight.series (id, node, key, metric, labels) OVERRIDING SYSTEM VALUE
       SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING`,
      [
        integers(lost.map(({ id }) => id)),
        ...(["node", "key", "metric", "labels"] as const).map((name) => lost.map((one) => one[name])),
      ],
    );
  }

  #learn(rows: readonly (readonly unknown[])[]): readonly SeriesRow[] {
    return rows.map(([id, node, key, metric, labels]) => {
      const named = { node: String(node), key: String(key), metric: String(metric), labels: String(labels) };
      this.#known.set(Number(id), named);
      return { id: Number(id), ...named };
    });
  }
}

async function nowOf(session: Session): Promise<string> {
  const [[now] = []] = await session.run("SELECT now()::text");
  return String(now);
}

function integers(values: readonly number[]): Buffer {
  return encodeIntegers(values.length, (row) => values[row] as number);
}

function unavailable(reason: string): WsightError {
  return new WsightError("STORE_UNAVAILABLE", `history: ${reason}`);
}
