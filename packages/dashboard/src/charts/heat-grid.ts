import type { SeriesRing } from "../state/index.ts";
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

  read(rings: readonly SeriesRing[], toAt: number, windowMs: number): HeatGrid {
    const columnMs = windowMs / HEAT_COLUMNS;
    const endAt = Math.ceil(toAt / columnMs) * columnMs;
    const fromAt = endAt - windowMs;
    const data = this.#reader.read(rings, endAt - 1000, windowMs - 1000);
    const all = data.rows.map((row) => foldRow(row, columnMs / 1000));
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

/** A column that is not full, the newest or one beside a gap, counts as if its other seconds were like the known ones. */
function foldRow(row: readonly (number | null)[], perColumn: number): Float64Array {
  const sums = new Float64Array(HEAT_COLUMNS);
  const known = new Float64Array(HEAT_COLUMNS);
  row.forEach((value, second) => {
    if (value === null) return;
    const column = Math.floor(second / perColumn);
    sums[column] = (sums[column] as number) + value;
    known[column] = (known[column] as number) + 1;
  });
  // 0 of 0 seconds is NaN: unknown.
  return sums.map((sum, column) => (sum / (known[column] as number)) * perColumn);
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
