import { HISTORY_TIERS } from "@wsight/protocol";
import type { HistoryReader, StoredSeries } from "../../store/reader.ts";
import { Distribution } from "../values/distribution.ts";

/** Longest time whose distributions are put together for what there was before, ms. */
const MAX_BEFORE_MS = 30 * 86_400_000;

/** A time of which something is to be read from one tier. */
interface Piece {
  readonly stepMs: (typeof HISTORY_TIERS)[number]["stepMs"];
  readonly fromAt: number;
  readonly toAt: number;
}

/**
 * What distributions held before a time, by the series' number: what is stored
 * are growths, Prometheus wants counts since the process began. Hours are read
 * as hours, what is left over of finer tiers.
 * @param sinceOf when counting began for a series, ms epoch
 */
export async function readBase(
  reader: HistoryReader,
  series: readonly StoredSeries[],
  sinceOf: (series: StoredSeries) => number,
  toAt: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Distribution>> {
  const bases = new Map<number, Distribution>();
  const earliest = Math.max(toAt - MAX_BEFORE_MS, Math.min(toAt, ...series.map(sinceOf)));
  for (const piece of piecesOf(earliest, toAt)) {
    for await (const part of reader.columns({ ...piece, series, columns: ["histogram"] }, signal)) {
      const since = sinceOf(part.series);
      const base = bases.get(part.series.id) ?? new Distribution();
      bases.set(part.series.id, base);
      part.histogram.forEach((bytes, i) => {
        if ((part.at[i] ?? 0) + piece.stepMs > since) base.read(bytes);
      });
    }
  }
  return bases;
}

/** Coarse in the middle, finer towards both ends. */
function piecesOf(fromAt: number, toAt: number): readonly Piece[] {
  const pieces: Piece[] = [];
  const finest = HISTORY_TIERS[0]?.stepMs ?? 1000;
  let [low, high] = [Math.floor(fromAt / finest) * finest, Math.floor(toAt / finest) * finest];
  for (const [i, { stepMs }] of HISTORY_TIERS.entries()) {
    const coarser = HISTORY_TIERS[i + 1]?.stepMs;
    const from = coarser === undefined ? high : Math.min(high, Math.ceil(low / coarser) * coarser);
    const to = coarser === undefined ? high : Math.max(from, Math.floor(high / coarser) * coarser);
    if (from > low) pieces.push({ stepMs, fromAt: low, toAt: from });
    if (high > to) pieces.push({ stepMs, fromAt: to, toAt: high });
    [low, high] = [from, to];
  }
  return pieces;
}
