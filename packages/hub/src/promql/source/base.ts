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
 * Adds what distributions of one process held before a time, by the series'
 * number: what is stored are growths, Prometheus wants counts since the process
 * began. Hours are read as hours, what is left over of finer tiers.
 */
export async function readBase(
  reader: HistoryReader,
  series: readonly StoredSeries[],
  { sinceAt, toAt }: { readonly sinceAt: number; readonly toAt: number },
  bases: Map<number, Distribution>,
  signal: AbortSignal,
): Promise<void> {
  for (const piece of piecesOf(Math.max(toAt - MAX_BEFORE_MS, sinceAt), toAt)) {
    for await (const part of reader.columns({ ...piece, series, columns: ["histogram"] }, signal)) {
      const base = bases.get(part.series.id) ?? new Distribution();
      bases.set(part.series.id, base);
      for (const bytes of part.histogram) base.read(bytes);
    }
  }
}

/** Coarse in the middle, finer towards both ends. */
function piecesOf(fromAt: number, toAt: number): readonly Piece[] {
  const pieces: Piece[] = [];
  const finest = HISTORY_TIERS[0]?.stepMs ?? 1000;
  let low = Math.floor(fromAt / finest) * finest;
  let high = Math.max(low, Math.floor(toAt / finest) * finest);
  for (const [i, { stepMs }] of HISTORY_TIERS.entries()) {
    const coarser = HISTORY_TIERS[i + 1]?.stepMs;
    const from = coarser === undefined ? high : Math.min(high, Math.ceil(low / coarser) * coarser);
    const to = coarser === undefined ? high : Math.max(from, Math.floor(high / coarser) * coarser);
    if (from > low) pieces.push({ stepMs, fromAt: low, toAt: from });
    if (high > to) pieces.push({ stepMs, fromAt: to, toAt: high });
    low = from;
    high = to;
  }
  return pieces;
}
