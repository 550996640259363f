import type { Selector } from "@wsight/protocol";
import type { LiveState, SeriesRing } from "../state/index.ts";
import type { WindowData } from "./window-data.ts";

/** Puts series on top of each other: the first is at the bottom, each next one begins where the one before ends. */
export type Stack = (data: WindowData) => WindowData;

/**
 * Makes a {@link Stack} that reuses its arrays from draw to draw. A series
 * that falls silent breaks off and the others stand on as they are; before its
 * first value it lies flat on the one below, which is no statement about it.
 * Those at the top that have no value at all are not drawn.
 */
export function createStack(): Stack {
  let rows: (number | null)[][] = [];
  return (data) => {
    const length = data.at.length;
    if (rows.length !== data.rows.length || rows[0]?.length !== length)
      rows = data.rows.map(() => new Array<number | null>(length).fill(null));
    const begun = data.rows.map(() => false);
    let max = 0;
    for (let i = 0; i < length; i++) {
      const known = data.rows.some((row) => typeof row[i] === "number");
      let sum = 0;
      data.rows.forEach((row, series) => {
        const value = row[i] ?? null;
        if (value !== null) begun[series] = true;
        sum += value ?? 0;
        (rows[series] as (number | null)[])[i] = known && (value !== null || !begun[series]) ? sum : null;
      });
      if (sum > max) max = sum;
    }
    for (let top = begun.lastIndexOf(true) + 1; top < rows.length; top++) rows[top]?.fill(null);
    return { ...data, rows, max };
  };
}

/** What is left of a whole without some of its parts; unknown while the whole is. */
export function restOf(live: LiveState, whole: Selector, parts: readonly Selector[]): SeriesRing {
  const ring = live.series(whole);
  const rings = parts.map((part) => live.series(part));
  return {
    key: `rest ${ring.key} ${rings.map(({ key }) => key).join(" ")}`,
    latest() {
      const total = ring.latest();
      return total === null ? null : rings.reduce((left, part) => Math.max(0, left - (part.latest() ?? 0)), total);
    },
    read(fromAt, toAt, into) {
      const read = ring.read(fromAt, toAt, into);
      for (const part of rings) {
        const { value, length } = part.read(fromAt, toAt);
        for (let i = 0; i < Math.min(length, read.length); i++) {
          const taken = value[i] as number;
          if (taken === taken) read.value[i] = Math.max(0, (read.value[i] as number) - taken);
        }
      }
      return read;
    },
  };
}
