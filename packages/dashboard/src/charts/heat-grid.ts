import type { Past, SeriesRing } from "../state/index.ts";
import { WindowReader } from "./window-data.ts";

/** Lowest and highest octave that is asked for: 2^−17 s (8 µs) to 2^3 s. */
export const HEAT_OCTAVES: readonly number[] = Array.from({ length: 21 }, (_, index) => index - 17);

/** Columns of the grid, whatever the window. */
export const HEAT_COLUMNS = 60;

/** Fewest rows shown, so that a narrow distribution still looks like one. */
const FEWEST_ROWS = 10;

/** Observations by time and octave. */
export interface HeatGrid {
  /** Start of the first column, ms epoch. */
  readonly fromAt: number;
  readonly columnMs: number;
  /** Octave of each row, the highest first. */
  readonly octaves: readonly number[];
  /** `cells[row][column]`: observations in the column's time, NaN where nothing is known. */
  readonly cells: readonly Float64Array[];
  readonly max: number;
  /** False when no column has any value. */
  readonly known: boolean;
}

/** Folds per-second octave rates into the columns of a heatmap. Columns sit on round times, so they do not crawl. */
export class HeatReader {
  readonly #reader = new WindowReader(HEAT_OCTAVES.length);

  /** Folds the `windowMs` that end at `toAt`; or, of the past, all of it. */
  read(rings: readonly SeriesRing[], toAt: number, windowMs: number, past: Past | null = null): HeatGrid {
    const spanMs = past === null ? windowMs : past.toAt - past.fromAt;
    const stepMs = past?.stepMs ?? 1000;
    const columnMs = spanMs / HEAT_COLUMNS;
    const endAt = past?.toAt ?? Math.ceil(toAt / columnMs) * columnMs;
    const fromAt = endAt - spanMs;
    const data = this.#reader.read(rings, endAt - stepMs, spanMs - stepMs, stepMs);
    const all = data.rows.map((row) => foldRow(row, columnMs / stepMs, columnMs / 1000));
    const used = all.flatMap((cells, index) => (cells.some((value) => value > 0) ? [index] : []));
    const [low, high] = padRows(used[0] ?? 7, used.at(-1) ?? 7);
    const octaves = HEAT_OCTAVES.slice(low, high + 1).reverse();
    const cells = all.slice(low, high + 1).reverse();
    const max = cells.reduce(
      (top, row) => row.reduce((most, value) => (value === value ? Math.max(most, value) : most), top),
      0,
    );
    return { fromAt, columnMs, octaves, cells, max, known: data.first >= 0 };
  }
}

/**
 * A column that is not full, the newest or one beside a gap, counts as if its other steps were like the known ones.
 * @param perColumn steps of a column; less than one where history is coarser than the grid
 */
function foldRow(row: readonly (number | null)[], perColumn: number, columnS: number): Float64Array {
  if (perColumn < 1) {
    return Float64Array.from({ length: HEAT_COLUMNS }, (_, column) => {
      const rate = row[Math.floor((column + 0.5) * perColumn)] ?? null;
      return rate === null ? Number.NaN : rate * columnS;
    });
  }
  const sums = new Float64Array(HEAT_COLUMNS);
  const known = new Float64Array(HEAT_COLUMNS);
  row.forEach((value, step) => {
    const column = Math.floor(step / perColumn);
    if (value === null || column >= HEAT_COLUMNS) return;
    sums[column] = (sums[column] as number) + value;
    known[column] = (known[column] as number) + 1;
  });
  // 0 of 0 steps is NaN: unknown.
  return sums.map((sum, column) => (sum / (known[column] as number)) * columnS);
}

/** Widens a range of rows to the fewest shown, upwards and downwards alike. */
function padRows(first: number, last: number): [number, number] {
  let low = first;
  let high = last;
  while (high - low + 1 < FEWEST_ROWS) {
    if (high < HEAT_OCTAVES.length - 1) high++;
    if (high - low + 1 < FEWEST_ROWS && low > 0) low--;
  }
  return [low, high];
}

/** Upper bound of an octave, in seconds, as a round power of two: `16 ms`, `1 s`. */
export function octaveLabel(octave: number): string {
  if (octave >= 0) return `${2 ** octave} s`;
  return octave >= -10 ? `${2 ** (octave + 10)} ms` : `${2 ** (octave + 20)} µs`;
}
