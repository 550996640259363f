/** A run of rows that are drawn, or of rows whose height alone is kept. */
export type Segment =
  | { readonly kind: "rows"; readonly first: number; readonly last: number }
  | { readonly kind: "space"; readonly rows: number };

/** Rows drawn above and below those in view, so that a quick turn of the wheel meets no blank. */
const OVERSCAN = 6;

/** Which rows of `count` a box shows that is scrolled to `top` and `height` high (px). */
export function rowsInView(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { readonly first: number; readonly last: number } {
  const first = Math.min(Math.max(0, Math.floor(top / rowHeight)), Math.max(0, count - 1));
  const last = Math.min(Math.max(0, count - 1), Math.max(first, Math.ceil((top + height) / rowHeight) - 1));
  return { first, last };
}

/**
 * What to draw so that the rows in view are there and the scrollbar means all
 * `count` of them. The row that holds the focus is drawn wherever it is, for a
 * row that goes would take the focus with it.
 */
export function segmentsOf(
  view: { readonly first: number; readonly last: number },
  count: number,
  focused: number | null,
): readonly Segment[] {
  if (count === 0) return [];
  const first = Math.max(0, view.first - OVERSCAN);
  const last = Math.min(count - 1, view.last + OVERSCAN);
  const runs: { first: number; last: number }[] = [{ first, last }];
  if (focused !== null && focused < first) runs.unshift({ first: focused, last: focused });
  if (focused !== null && focused > last && focused < count) runs.push({ first: focused, last: focused });
  const segments: Segment[] = [];
  let next = 0;
  for (const run of runs) {
    if (run.first > next) segments.push({ kind: "space", rows: run.first - next });
    segments.push({ kind: "rows", ...run });
    next = run.last + 1;
  }
  if (next < count) segments.push({ kind: "space", rows: count - next });
  return segments;
}

/** Where to scroll so that a row is wholly seen; the same `top` when it is. */
export function topToShow(row: number, top: number, height: number, rowHeight: number): number {
  if (row * rowHeight < top) return row * rowHeight;
  return Math.max(top, (row + 1) * rowHeight - height);
}

/** The row that a key goes to from `row`; `null` for other keys. */
export function rowAfterKey(key: string, row: number, count: number, perPage: number): number | null {
  const target = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + perPage,
    PageUp: row - perPage,
    Home: 0,
    End: count - 1,
  }[key];
  return target === undefined ? null : Math.min(Math.max(0, count - 1), Math.max(0, target));
}
