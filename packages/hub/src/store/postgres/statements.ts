import { type Series, WsightError } from "@wsight/protocol";
import type { StoreQuery } from "../old-store.ts";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS, type SeriesBook } from "../pack.ts";
import { encodeBytes, encodeFloats, encodeIntegers } from "./binary.ts";
import type { Session } from "./lane.ts";
import { LOCK } from "./schema.ts";

/** Rows of one page: parsing them holds the event loop for about a millisecond. */
const PAGE_ROWS = 1_000;
/** Rows deleted in one transaction; appends get their turn between two. */
export const PRUNE_ROWS = 5_000;
/** Series without samples that are deleted in one go; the rest follows with the next prune. */
const PRUNE_SERIES = 10_000;
/** Series whose ids are kept in memory; beyond it all are forgotten and looked up again. */
const MAX_KNOWN_SERIES = 100_000;

const ADD_SERIES = `
  INSERT INTO wsight.series AS known (node, key, metric, labels)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ORDER BY 1, 2
  ON CONFLICT (node, key) DO UPDATE SET labels = known.labels
  RETURNING node, key, id`;

/** The join leaves out rows whose series was deleted meanwhile, which the number of rows then tells. */
const ADD_SAMPLES = `
  INSERT INTO wsight.samples (series, at, interval_ms, min, max, sum, count, last, histogram)
  SELECT fresh.* FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
    $8::float8[], $9::bytea[]) AS fresh (series, at, interval_ms, min, max, sum, count, last, histogram)
  JOIN wsight.series ON id = fresh.series ORDER BY fresh.series, fresh.at
  ON CONFLICT (series, at) DO UPDATE SET interval_ms = excluded.interval_ms, min = excluded.min, max = excluded.max,
    sum = excluded.sum, count = excluded.count, last = excluded.last, histogram = excluded.histogram`;

/** Puts samples into the tables, and remembers the ids of series. */
export class Inserter {
  readonly #ids = new Map<string, number>();

  /** All rows in one transaction. */
  async insert(session: Session, packed: PackedSamples): Promise<void> {
    try {
      if (await this.#attempt(session, packed)) return;
      // Another hub deleted series that had no samples: those ids are void.
      this.forget();
      if (await this.#attempt(session, packed)) return;
    } catch (error) {
      // Ids that were handed out in the failed transaction are not in the database.
      this.forget();
      throw error;
    }
    throw new WsightError("STORE_UNAVAILABLE", "history: series vanish as fast as they are made");
  }

  /** Ids are looked up again. */
  forget(): void {
    this.#ids.clear();
  }

  async #attempt(session: Session, packed: PackedSamples): Promise<boolean> {
    // Shared with other appends; who deletes series takes it alone.
    await session.run(`BEGIN; SELECT pg_advisory_xact_lock_shared(${LOCK.series})`);
    const rows = newestRows(packed, await this.#idsOf(session, packed.series));
    const added = await session.change(ADD_SAMPLES, columnsOf(packed, rows));
    const whole = added === rows.length;
    await session.run(whole ? "COMMIT" : "ROLLBACK");
    return whole;
  }

  async #idsOf(session: Session, series: readonly PackedSeries[]): Promise<readonly number[]> {
    const fresh = series.filter((named) => !this.#ids.has(nameOf(named)));
    if (fresh.length > 0) {
      if (this.#ids.size + fresh.length > MAX_KNOWN_SERIES) this.forget();
      const wanted = this.#ids.size === 0 ? series : fresh;
      const columns = (["node", "key", "metric", "labels"] as const).map((name) => wanted.map((one) => one[name]));
      for (const [node, key, id] of await session.run(ADD_SERIES, columns)) {
        this.#ids.set(nameOf({ node: String(node), key: String(key) }), Number(id));
      }
    }
    return series.map((named) => this.#ids.get(nameOf(named)) ?? -1);
  }
}

/** A row of the packed samples, with the id of its series. */
interface Row {
  readonly index: number;
  readonly seriesId: number;
}

/** The last row of each (series, at): PostgreSQL changes no row twice in one statement. */
function newestRows({ numbers, histogramSizes }: PackedSamples, ids: readonly number[]): readonly Row[] {
  const seen = new Set<string>();
  const rows: Row[] = [];
  for (let index = histogramSizes.length - 1; index >= 0; index--) {
    const start = index * ROW_NUMBERS;
    const seriesId = ids[numbers[start] as number] as number;
    const key = `${seriesId} ${numbers[start + 1]}`;
    if (seen.has(key)) continue;
    seen.add(key);
    rows.push({ index, seriesId });
  }
  return rows.reverse();
}

function columnsOf(packed: PackedSamples, rows: readonly Row[]): readonly Buffer[] {
  const { numbers } = packed;
  const row = (index: number): Row => rows[index] as Row;
  const column = (offset: number) => (at: number) => numbers[row(at).index * ROW_NUMBERS + offset] as number;
  const histograms = histogramsOf(packed);
  return [
    encodeIntegers(rows.length, (at) => row(at).seriesId),
    ...[1, 2].map((offset) => encodeIntegers(rows.length, column(offset))),
    ...[3, 4, 5, 6, 7].map((offset) => encodeFloats(rows.length, column(offset))),
    encodeBytes(rows.map(({ index }) => histograms[index] ?? null)),
  ];
}

function histogramsOf({ histogramSizes, histograms }: PackedSamples): readonly (Uint8Array | null)[] {
  let offset = 0;
  return Array.from(histogramSizes, (size) => {
    if (size === 0) return null;
    const bytes = histograms.subarray(offset, offset + size - 1);
    offset += size - 1;
    return bytes;
  });
}

function nameOf({ node, key }: Pick<PackedSeries, "node" | "key">): string {
  return `${node}\n${key}`;
}

/** Reads row after row, in order of `at`, from one state of the database. Rows of metrics this version does not know are left out. */
export async function readPages(
  session: Session,
  { metrics, node, fromAt, toAt }: StoreQuery,
  book: SeriesBook,
  take: (row: readonly unknown[], node: string, series: Series) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1");
  const named = await session.run(
    "SELECT id, node, key, metric, labels FROM wsight.series WHERE metric = ANY($1) AND ($2::text IS NULL OR node = $2)",
    [metrics, node ?? null],
  );
  const known = new Map<string, { readonly node: string; readonly series: Series }>();
  for (const [id, of, key, metric, labels] of named) {
    const series = book.of({ key: String(key), metric: String(metric), labels: String(labels) });
    if (series !== undefined) known.set(String(id), { node: String(of), series });
  }
  await session.run(
    `DECLARE page NO SCROLL CURSOR FOR
     SELECT series, at, interval_ms, min, max, sum, count, last, histogram FROM wsight.samples
     WHERE series = ANY($1::int8[]) AND at >= $2 AND at < $3 ORDER BY at, series`,
    [[...known.keys()], Math.ceil(fromAt), Math.ceil(toAt)],
  );
  let rows: readonly (readonly unknown[])[];
  do {
    signal?.throwIfAborted();
    rows = await session.run(`FETCH ${PAGE_ROWS} FROM page`);
    for (const row of rows) {
      const { node: of, series } = known.get(String(row[0])) as { node: string; series: Series };
      take(row, of, series);
    }
  } while (rows.length === PAGE_ROWS);
  await session.run("COMMIT");
}

/** Deletes up to {@link PRUNE_ROWS} of the oldest rows before a time; says how many. */
export function deleteSlice(session: Session, beforeAt: number): Promise<number> {
  return session.change(
    `DELETE FROM wsight.samples WHERE (series, at) IN (
       SELECT series, at FROM wsight.samples WHERE at < $1 ORDER BY at LIMIT ${PRUNE_ROWS})`,
    [Math.min(Math.ceil(beforeAt), Number.MAX_SAFE_INTEGER)],
  );
}

/** Deletes names that nothing uses, unless somebody appends right now; says whether any were. */
export async function deleteNamesUnused(session: Session): Promise<boolean> {
  await session.run("BEGIN");
  const [[alone] = []] = await session.run(`SELECT pg_try_advisory_xact_lock(${LOCK.series})`);
  const removed =
    alone === true
      ? await session.change(
          `DELETE FROM wsight.series WHERE id IN (SELECT id FROM wsight.series AS named
           WHERE NOT EXISTS (SELECT 1 FROM wsight.samples WHERE series = named.id) LIMIT ${PRUNE_SERIES})`,
        )
      : 0;
  await session.run("COMMIT");
  return removed > 0;
}
