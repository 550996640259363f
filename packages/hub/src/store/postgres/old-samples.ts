import type { OldSamples } from "../blocks/block-tables.ts";
import type { Session } from "./lane.ts";

/** Rows that are moved at once, about. */
const CHUNK_ROWS = 20_000;
const HOUR_MS = 3_600_000;

/** Part of one series of the schema before blocks. */
export interface OldChunk extends OldSamples {
  /** Where the next chunk of this series begins, ms epoch. */
  readonly toAt: number;
}

/** The next samples to be moved, `null` when there are none left. Cut at a full hour, so that no interval of a tier is in two chunks. */
export async function nextOldChunk(session: Session): Promise<OldChunk | null> {
  const [[series, firstAt] = []] = await session.run(
    "SELECT series, at FROM wsight.old_samples ORDER BY series, at LIMIT 1",
  );
  if (series === undefined) return null;
  const [[farAt] = []] = await session.run(
    `SELECT at FROM wsight.old_samples WHERE series = $1 ORDER BY at OFFSET ${CHUNK_ROWS} LIMIT 1`,
    [series],
  );
  const toAt = farAt === undefined ? Number.MAX_SAFE_INTEGER : cutAfter(Number(firstAt), Number(farAt));
  const rows = await session.run(
    `SELECT at, interval_ms, min, max, sum, count, last, histogram FROM wsight.old_samples
     WHERE series = $1 AND at < $2 ORDER BY at`,
    [series, toAt],
  );
  return {
    series: Number(series),
    rows: rows.map((row) => row.slice(0, 7).map(Number)),
    histograms: rows.map((row) => (row[7] instanceof Uint8Array ? Uint8Array.from(row[7]) : null)),
    toAt,
  };
}

/** Within the change that keeps them elsewhere. False when another hub has moved them. */
export async function dropOldChunk(session: Session, { series, toAt, rows }: OldChunk): Promise<boolean> {
  const gone = await session.change("DELETE FROM wsight.old_samples WHERE series = $1 AND at < $2", [series, toAt]);
  return gone === rows.length;
}

function cutAfter(firstAt: number, farAt: number): number {
  const hour = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;
  return Math.max(hour(farAt), hour(firstAt) + HOUR_MS);
}
