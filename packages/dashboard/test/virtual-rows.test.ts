import { describe, expect, it } from "vitest";
import { rowAfterKey, rowsInView, type Segment, segmentsOf, topToShow } from "../src/components/virtual-rows.ts";

/** Every row, in order: drawn ones as a range, others as a count. */
const words = (segments: readonly Segment[]): string[] =>
  segments.map((segment) =>
    segment.kind === "rows" ? `${segment.first}–${segment.last}` : `${segment.rows} not drawn`,
  );

const rowsOf = (segments: readonly Segment[]): number =>
  segments.reduce(
    (sum, segment) => sum + (segment.kind === "rows" ? segment.last - segment.first + 1 : segment.rows),
    0,
  );

describe("a table of which only what is in view is drawn", () => {
  it("shows the rows that a scrolled box covers, wholly or in part", () => {
    expect(rowsInView(0, 480, 30, 20_000)).toEqual({ first: 0, last: 15 });
    expect(rowsInView(45, 480, 30, 20_000)).toEqual({ first: 1, last: 17 });
    expect(rowsInView(20_000 * 30 - 480, 480, 30, 20_000)).toEqual({ first: 19_984, last: 19_999 });
    expect(rowsInView(0, 480, 30, 3)).toEqual({ first: 0, last: 2 });
    expect(rowsInView(0, 480, 30, 0)).toEqual({ first: 0, last: 0 });
  });

  it("draws a few around them and keeps the height of all others", () => {
    expect(words(segmentsOf({ first: 100, last: 115 }, 20_000, null))).toEqual([
      "94 not drawn",
      "94–121",
      "19878 not drawn",
    ]);
    expect(words(segmentsOf({ first: 0, last: 15 }, 10, null))).toEqual(["0–9"]);
    expect(segmentsOf({ first: 0, last: 0 }, 0, null)).toEqual([]);
  });

  it("draws the row that has the focus wherever it is", () => {
    const view = { first: 100, last: 115 };
    expect(words(segmentsOf(view, 20_000, 3))).toEqual([
      "3 not drawn",
      "3–3",
      "90 not drawn",
      "94–121",
      "19878 not drawn",
    ]);
    expect(words(segmentsOf(view, 20_000, 19_999))).toEqual([
      "94 not drawn",
      "94–121",
      "19877 not drawn",
      "19999–19999",
    ]);
    expect(words(segmentsOf(view, 20_000, 110))).toEqual(["94 not drawn", "94–121", "19878 not drawn"]);
    for (const focused of [null, 0, 93, 94, 121, 122, 19_999]) {
      expect(rowsOf(segmentsOf(view, 20_000, focused)), `focus ${focused}`).toBe(20_000);
    }
  });

  it("scrolls no further than a row needs to be seen", () => {
    expect(topToShow(5, 0, 480, 30)).toBe(0);
    expect(topToShow(16, 0, 480, 30)).toBe(30);
    expect(topToShow(3, 300, 480, 30)).toBe(90);
  });

  it("goes from row to row by arrows, pages and to the ends, and not beyond", () => {
    const after = (key: string, row: number) => rowAfterKey(key, row, 20_000, 15);
    expect(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"].map((key) => after(key, 100))).toEqual([
      101, 99, 115, 85, 0, 19_999,
    ]);
    expect([after("ArrowUp", 0), after("PageUp", 3), after("ArrowDown", 19_999)]).toEqual([0, 0, 19_999]);
    expect(after("x", 3)).toBeNull();
  });
});
