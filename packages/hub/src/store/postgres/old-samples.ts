import type { OldSamples } from "../blocks/block-tables.ts";
import type { Session } from "./lane.ts";

/** Rows of one answer of the database. */
const PAGE_ROWS = 20_000;

/** The next series of the schema before blocks, `null` when there is none left. */
export async function nextOldSeries(session: Session): Promise<OldSamples | null> {
  const [[series] = []] = await session.run("SELECT series FROM wsight.old_samples ORDER BY series LIMIT 1");
  if (series === undefined) return null;
  const rows: (readonly number[])[] = [];
  const histograms: (Uint8Array | null)[] = [];
  for (let page = PAGE_ROWS; page === PAGE_ROWS; ) {
    const found = await session.run(
      `SELECT at, interval_ms, min, max, sum, count, last, histogram FROM wsight.old_samples
       WHERE series = $1 AND at > $2 ORDER BY at LIMIT ${PAGE_ROWS}`,
      [series, rows.at(-1)?.[0] ?? -1],
    );
    for (const row of found) {
      rows.push(row.slice(0, 7).map(Number));
      histograms.push(row[7] instanceof Uint8Array ? Uint8Array.from(row[7]) : null);
    }
    page = found.length;
  }
  return { series: Number(series), rows, histograms };
}

/** Within the change that keeps them elsewhere. False when another hub has moved them. */
export async function dropOldSeries(session: Session, series: number): Promise<boolean> {
  return (await session.change("DELETE FROM wsight.old_samples WHERE series = $1", [series])) > 0;
}
