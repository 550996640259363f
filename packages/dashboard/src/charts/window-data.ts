import type { SeriesRing } from "../state/index.ts";

/** A window of several series on one time grid, for uPlot and for the tooltips. Arrays are reused from draw to draw. */
export interface WindowData {
  /** Seconds since the epoch, one per step. */
  at: Float64Array;
  /** Seconds from one step to the next. */
  stepS: number;
  /** One row per series; `null` breaks the line. */
  rows: (number | null)[][];
  /** Highest value, 0 when there is none. */
  max: number;
  /** Index of the first and last step with any value; −1 when there is none. */
  first: number;
  last: number;
}

interface Scratch {
  at: Float64Array;
  value: Float64Array;
}

/** Reads the same window from several rings again and again without allocating. */
export class WindowReader {
  readonly data: WindowData;
  readonly #scratch: Scratch = { at: new Float64Array(0), value: new Float64Array(0) };

  constructor(series: number) {
    this.data = {
      at: new Float64Array(0),
      stepS: 1,
      rows: Array.from({ length: series }, () => []),
      max: 0,
      first: -1,
      last: -1,
    };
  }

  /** Fills {@link data} with the `windowMs` that end at `toAt`. @param stepMs that of the rings */
  read(rings: readonly SeriesRing[], toAt: number, windowMs: number, stepMs = 1000): WindowData {
    const { data } = this;
    const length = Math.floor(windowMs / stepMs) + 1;
    const start = Math.floor(toAt / stepMs) - length + 1;
    this.#resize(length);
    data.stepS = stepMs / 1000;
    for (let i = 0; i < length; i++) data.at[i] = (start + i) * data.stepS;
    data.max = 0;
    data.first = -1;
    data.last = -1;
    rings.forEach((ring, series) => {
      this.#readRow(ring, data.rows[series] ?? [], start, length);
    });
    return data;
  }

  #readRow(ring: SeriesRing, row: (number | null)[], start: number, length: number): void {
    const { data } = this;
    row.fill(null);
    const stepMs = data.stepS * 1000;
    const copied = ring.read(start * stepMs, (start + length - 1) * stepMs, this.#scratch);
    this.#scratch.at = copied.at;
    this.#scratch.value = copied.value;
    for (let i = 0; i < copied.length; i++) {
      const index = Math.round((copied.at[i] as number) / data.stepS) - start;
      const value = copied.value[i] as number;
      if (index < 0 || index >= length || value !== value) continue;
      row[index] = value;
      if (value > data.max) data.max = value;
      if (data.first < 0 || index < data.first) data.first = index;
      if (index > data.last) data.last = index;
    }
  }

  #resize(length: number): void {
    const { data } = this;
    if (data.at.length === length) return;
    data.at = new Float64Array(length);
    data.rows = data.rows.map(() => new Array<number | null>(length).fill(null));
  }
}

/** Runs of steps between `first` and `end` in which no series has a value, longer than 1.5 intervals. */
export function findGaps(data: WindowData, end: number): (readonly [from: number, to: number])[] {
  const gaps: (readonly [number, number])[] = [];
  if (data.first < 0) return gaps;
  let from = -1;
  for (let i = data.first; i <= end; i++) {
    const empty = i < end && data.rows.every((row) => row[i] === null);
    if (empty && from < 0) from = i;
    if (!empty && from >= 0) {
      if (i - from >= 1) gaps.push([from - 1, i]);
      from = -1;
    }
  }
  return gaps;
}
