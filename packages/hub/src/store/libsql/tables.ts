import { type PackedSamples, type PackedSeries, ROW_NUMBERS } from "../pack.ts";
import { type Connection, transact } from "./connection.ts";
import type { Cursor, ReadPage } from "./messages.ts";

/** Series whose ids are kept in memory; beyond it all are forgotten and looked up again. */
const MAX_KNOWN_SERIES = 100_000;

type SampleRow = [
  series: number,
  at: number,
  intervalMs: number,
  min: number,
  max: number,
  sum: number,
  count: number,
  last: number,
  histogram: Uint8Array | null,
];

interface KnownSeries {
  readonly id: number;
  /** Newest `at` that the database knows of. */
  seenAt: number;
}

/** The statements of an open database. Rows lie in order of time, so that an append grows and a prune eats one end. */
export class HistoryTables {
  readonly #connection: Connection;
  readonly #known = new Map<string, KnownSeries>();
  readonly #statements: ReturnType<typeof prepare>;
  /** Rows held, once counted. */
  #rows: number | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#statements = prepare(connection);
  }

  /** Keeps all rows in one transaction. */
  append(packed: PackedSamples): void {
    let added = 0;
    try {
      transact(this.#connection, () => {
        added = this.#insert(packed);
      });
    } catch (error) {
      // Ids that were handed out in the failed transaction are not in the database.
      this.#known.clear();
      throw error;
    }
    if (this.#rows !== null) this.#rows += added;
  }

  /** Up to `limit` rows after the cursor, in order of time. */
  read(page: ReadPage): { samples: PackedSamples; next: Cursor | null } {
    const rows = this.#statements.page.all(
      page.after.at,
      page.after.seriesId,
      page.toAt,
      JSON.stringify(page.metrics),
      page.node,
      page.node,
      page.limit,
    ) as SampleRow[];
    const last = rows.at(-1);
    const next = last === undefined || rows.length < page.limit ? null : { at: last[1], seriesId: last[0] };
    return { samples: this.#pack(rows), next };
  }

  /** Deletes up to `limit` of the oldest rows before `beforeAt`; after the last of them also the names that nothing uses. */
  prune(beforeAt: number, limit: number): number {
    const removed = transact(this.#connection, () => {
      const { changes } = this.#statements.deleteSamples.run(beforeAt, limit);
      if (changes < limit && this.#statements.deleteSeries.run(beforeAt, limit).changes > 0) this.#known.clear();
      return changes;
    });
    if (this.#rows !== null) this.#rows -= removed;
    return removed;
  }

  /** Rows held, counted once and kept up to date after. */
  count(): number {
    this.#rows ??= (this.#statements.count.get() as [number])[0];
    return this.#rows;
  }

  /** Time of the oldest row. */
  oldestAt(): number | null {
    return (this.#statements.oldest.get() as [number | null])[0];
  }

  #insert(packed: PackedSamples): number {
    const { numbers, histogramSizes, histograms } = packed;
    const series = packed.series.map((named) => this.#seriesOf(named));
    let added = 0;
    let offset = 0;
    for (let row = 0; row < histogramSizes.length; row++) {
      const start = row * ROW_NUMBERS;
      const known = series[numbers[start] as number] as KnownSeries;
      const at = numbers[start + 1] as number;
      const rest = Array.from(numbers.subarray(start + 2, start + ROW_NUMBERS));
      const size = histogramSizes[row] as number;
      const blob = size === 0 ? null : histograms.subarray(offset, offset + size - 1);
      offset += Math.max(0, size - 1);
      const fresh = this.#statements.insert.run(at, known.id, ...rest, blob).changes;
      if (fresh === 0) this.#statements.replace.run(...rest, blob, at, known.id);
      added += fresh;
      if (at > known.seenAt) known.seenAt = at;
    }
    for (const { id, seenAt } of series) this.#statements.touch.run(seenAt, id);
    return added;
  }

  #seriesOf({ node, key, metric, labels }: PackedSeries): KnownSeries {
    const name = `${node}\n${key}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN_SERIES) this.#known.clear();
    this.#statements.addSeries.run(node, key, metric, labels);
    const [id, seenAt] = this.#statements.findSeries.get(node, key) as [number, number];
    const found = { id, seenAt };
    this.#known.set(name, found);
    return found;
  }

  #pack(rows: readonly SampleRow[]): PackedSamples {
    const series: PackedSeries[] = [];
    const indexes = new Map<number, number>();
    const numbers = new Float64Array(rows.length * ROW_NUMBERS);
    const histogramSizes = new Uint32Array(rows.length);
    const histograms = new Uint8Array(rows.reduce((bytes, row) => bytes + (row[8]?.length ?? 0), 0));
    let offset = 0;
    rows.forEach((row, r) => {
      let index = indexes.get(row[0]);
      if (index === undefined) {
        index = series.push(this.#nameOf(row[0])) - 1;
        indexes.set(row[0], index);
      }
      numbers.set([index, ...(row.slice(1, ROW_NUMBERS) as number[])], r * ROW_NUMBERS);
      const blob = row[8];
      if (blob === null) return;
      histogramSizes[r] = blob.length + 1;
      histograms.set(blob, offset);
      offset += blob.length;
    });
    return { series, numbers, histogramSizes, histograms };
  }

  #nameOf(id: number): PackedSeries {
    const [node, key, metric, labels] = this.#statements.nameOf.get(id) as [string, string, string, string];
    return { node, key, metric, labels };
  }
}

function prepare(connection: Connection) {
  return {
    insert: connection.prepare(
      `INSERT INTO samples (at, series, interval_ms, min, max, sum, count, last, histogram)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    replace: connection.prepare(
      `UPDATE samples SET interval_ms = ?, min = ?, max = ?, sum = ?, count = ?, last = ?, histogram = ?
       WHERE at = ? AND series = ?`,
    ),
    addSeries: connection.prepare(
      `INSERT INTO series (node, key, metric, labels, seen_at) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`,
    ),
    findSeries: connection.prepare("SELECT id, seen_at FROM series WHERE node = ? AND key = ?").raw(),
    touch: connection.prepare("UPDATE series SET seen_at = max(seen_at, ?) WHERE id = ?"),
    nameOf: connection.prepare("SELECT node, key, metric, labels FROM series WHERE id = ?").raw(),
    page: connection
      .prepare(
        `SELECT series, at, interval_ms, min, max, sum, count, last, histogram FROM samples
         WHERE (at, series) > (?, ?) AND at < ? AND series IN (
           SELECT id FROM series WHERE metric IN (SELECT value FROM json_each(?)) AND (? IS NULL OR node = ?))
         ORDER BY at, series LIMIT ?`,
      )
      .raw(),
    deleteSamples: connection.prepare(
      `DELETE FROM samples WHERE (at, series) IN (
         SELECT at, series FROM samples WHERE at < ? ORDER BY at, series LIMIT ?)`,
    ),
    deleteSeries: connection.prepare(
      "DELETE FROM series WHERE id IN (SELECT id FROM series WHERE seen_at < ? ORDER BY id LIMIT ?)",
    ),
    count: connection.prepare("SELECT count(*) FROM samples").raw(),
    oldest: connection.prepare("SELECT min(at) FROM samples").raw(),
  };
}
