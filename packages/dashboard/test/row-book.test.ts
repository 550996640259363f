import type { ConnectionSort } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { MOST_HELD, RowBook } from "../src/lists/row-book.ts";
import { CONNECTION_ROWS } from "../src/pages/connections/connection-rows.ts";
import type { ConnectionList, NodeConnection } from "../src/pages/connections/hub-api.ts";
import { answerOf, rowOf } from "./list-rows.ts";

const T = 1_800_000_000_000;

/** A hub's list of connections, the newest first, of which windows are told. */
class Listed {
  readonly book: RowBook<NodeConnection, ConnectionSort, ConnectionList>;
  readonly #sort: ConnectionSort;
  ids: number[];

  constructor(ids: number[], sort: ConnectionSort = "opened") {
    this.ids = ids;
    this.#sort = sort;
    this.book = new RowBook(CONNECTION_ROWS, { sort, descending: true });
  }

  answer(window: { offset: number; limit: number }, at = T) {
    const told = this.ids.slice(window.offset, window.offset + window.limit);
    const rows = told.map((id) => rowOf(id, { outRate: this.#sort === "out" ? id : 0 }));
    return answerOf(rows, this.ids.length, at);
  }

  settle(window: { offset: number; limit: number }, now = T, at = T): void {
    this.book.settle(this.answer(window, at), window, now);
  }

  take(window: { offset: number; limit: number }, at = T): boolean {
    return this.book.take(this.answer(window, at), window);
  }

  shown(from: number, to: number): (number | string | undefined)[] {
    return Array.from({ length: to - from }, (_, i) => {
      const slot = this.book.at(from + i);
      return slot?.closed === true ? `${slot.row.connection} gone` : slot?.row.connection;
    });
  }
}

const countDown = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from - i);

describe("rows of which only windows are known", () => {
  it("asks for the rows in view with some around them, never for more than the hub gives", () => {
    const { book } = new Listed([]);
    expect(book.windowFor(0, 15)).toEqual({ offset: 0, limit: 56 });
    expect(book.windowFor(1000, 1015)).toEqual({ offset: 980, limit: 56 });
    expect(book.windowFor(0, 5000).limit).toBe(200);
  });

  it("keeps every row in its place while figures are renewed", () => {
    const list = new Listed([5, 4, 3, 2, 1], "out");
    list.settle({ offset: 0, limit: 50 });
    list.ids = [1, 2, 3, 4, 5];
    list.take({ offset: 0, limit: 50 });
    expect(list.shown(0, 5)).toEqual([5, 4, 3, 2, 1]);
    list.settle({ offset: 0, limit: 50 });
    expect(list.shown(0, 5)).toEqual([1, 2, 3, 4, 5]);
  });

  it("leaves every row its name until the next order, though it is called otherwise once it left a namespace", () => {
    const { book } = new Listed([]);
    const window = { offset: 0, limit: 50 };
    const names = () => [book.at(0)?.row.id, book.at(0)?.row.user, book.at(0)?.row.outRate];
    book.settle(answerOf([rowOf(5, { id: "HHfq", user: "ada" })], 1, T), window, T);
    const bare = answerOf([rowOf(5, { id: "#5", outRate: 7 })], 1, T);
    book.take(bare, window);
    expect(names()).toEqual(["HHfq", "ada", 7]);
    book.settle(bare, window, T);
    expect(names()).toEqual(["#5", null, 7]);
  });

  it("marks rows that are gone, and lets them go with the next order", () => {
    const list = new Listed([5, 4, 3, 2, 1]);
    list.settle({ offset: 0, limit: 50 });
    list.ids = [5, 3, 1];
    expect(list.take({ offset: 0, limit: 50 })).toBe(true);
    expect(list.shown(0, 5)).toEqual([5, "4 gone", 3, "2 gone", 1]);
    expect(list.book.count, "the rows after them can still be seen").toBe(5);
    expect(list.take({ offset: 0, limit: 50 }), "nothing new is gone").toBe(false);
    list.settle({ offset: 0, limit: 50 });
    expect(list.shown(0, 4)).toEqual([5, 3, 1, undefined]);
  });

  it("does not call a row gone that only left the window", () => {
    const list = new Listed(countDown(1000, 500), "out");
    list.settle({ offset: 0, limit: 50 });
    // Row 951 was the last of the window and is now far below.
    list.ids = [...list.ids.filter((id) => id !== 951), 951];
    expect(list.take({ offset: 0, limit: 50 })).toBe(false);
  });

  it("knows of a steady order that a row within the window is gone, though the list goes on", () => {
    const list = new Listed(countDown(1000, 500));
    list.settle({ offset: 100, limit: 50 });
    list.ids = list.ids.filter((id) => id !== 880);
    expect(list.take({ offset: 100, limit: 50 })).toBe(true);
    expect(list.shown(119, 122)).toEqual([881, "880 gone", 879]);
  });

  it("does not call rows gone whose node did not answer", () => {
    const list = new Listed([3, 2, 1]);
    list.settle({ offset: 0, limit: 50 });
    const silent = { node: "app/a", open: null, matched: null, error: "no answer" };
    const awake = { node: "app/b", open: 0, matched: 0, error: null };
    expect(list.book.take({ ...answerOf([], 0, T), nodes: [silent, awake] }, { offset: 0, limit: 50 })).toBe(false);
    expect(list.shown(0, 3)).toEqual([3, 2, 1]);
  });

  it("follows the rows on screen when new ones move the hub's list down", () => {
    const list = new Listed(countDown(1000, 500));
    list.settle({ offset: 0, limit: 50 });
    list.take({ offset: 80, limit: 56 });
    expect(list.shown(100, 103)).toEqual([900, 899, 898]);
    list.ids = [...countDown(1030, 30), ...list.ids];
    list.take(list.book.windowFor(100, 115));
    expect(list.shown(100, 103), "they stay where they are").toEqual([900, 899, 898]);
    const window = list.book.windowFor(100, 115);
    expect(window.offset, "and are asked for where the hub has them").toBe(110);
    list.take(window);
    expect(list.shown(100, 116)).toEqual(countDown(900, 16));
    expect(list.book.count).toBe(500);
  });

  it("tints what was opened since the answer before, and nothing of the first answer", () => {
    const list = new Listed([3, 2, 1]);
    list.settle({ offset: 0, limit: 50 }, T, T);
    expect(list.book.at(0)?.tintedUntil).toBe(0);
    list.ids = [5, 4, 3, 2, 1];
    list.book.settle(
      answerOf([rowOf(5, { openedAt: T + 500 }), rowOf(4, { openedAt: T - 60_000 }), rowOf(3)], 3, T + 1000),
      { offset: 0, limit: 50 },
      T + 1000,
    );
    expect([0, 1, 2].map((place) => (list.book.at(place)?.tintedUntil ?? 0) > T)).toEqual([true, false, false]);
  });

  it("says which rows are lacking, and holds a few windows at most", () => {
    const list = new Listed(countDown(100_000, 20_000));
    expect(list.book.lacks(0, 10), "before the first answer").toBe(true);
    list.settle({ offset: 0, limit: 200 });
    expect(list.book.lacks(0, 199)).toBe(false);
    expect(list.book.lacks(190, 210)).toBe(true);
    for (let offset = 200; offset < 20_000; offset += 150) list.take({ offset, limit: 200 });
    expect(list.book.size).toBeLessThanOrEqual(MOST_HELD);
    expect(list.book.lacks(19_980, 20_500), "the end of the list is all there is").toBe(false);
    expect(list.book.lacks(0, 10), "what is far is forgotten").toBe(true);
    expect(list.book.count).toBe(20_000);
  });
});
