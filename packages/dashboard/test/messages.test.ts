import type { LiveTailRow, TypeRow } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holdOrder, sortRows } from "../src/components/sort-rows.ts";
import { groupErrors, sortTypes } from "../src/pages/messages/error-groups.ts";
import { MOST_ROWS, TailBuffer } from "../src/pages/messages/tail-buffer.ts";
import { pickTopTypes } from "../src/pages/messages/top-types.ts";
import { filterTypes } from "../src/pages/messages/type-filter.ts";

function typeRow(event: string, rate: number, direction: "in" | "out" = "in"): TypeRow {
  const unknown = { sizeP50: null, sizeP95: null, p50: null, p95: null, timing: null };
  return { event, direction, library: "ws", rate, share: 0, total: 0, errorsPerMinute: 0, ...unknown };
}

function tailRow(event: string): LiveTailRow {
  const none = { connection: null, user: null, namespace: null, fields: null };
  return { at: 1, direction: "in", event, library: "ws", bytes: 1, node: "chat/a", ...none };
}

describe("errors of one type and message", () => {
  it("are one group, newest first, that knows each occurrence", () => {
    const groups = groupErrors([
      { at: 1, type: "A", message: "x", node: "n1" },
      { at: 4, type: "B", message: "x", node: "n1" },
      { at: 2, type: "A", message: "x", node: "n2" },
      { at: 3, type: "A", message: "y", node: "n1" },
    ]);
    expect(groups.map(({ type, message, occurrences }) => [type, message, occurrences.length])).toEqual([
      ["B", "x", 1],
      ["A", "y", 1],
      ["A", "x", 2],
    ]);
    expect(groups[2]?.occurrences).toEqual([
      { at: 2, node: "n2" },
      { at: 1, node: "n1" },
    ]);
  });

  it("are told apart when type and message only read alike side by side", () => {
    const groups = groupErrors([
      { at: 1, type: "A b", message: "c", node: "n" },
      { at: 1, type: "A", message: "b c", node: "n" },
    ]);
    expect(groups).toHaveLength(2);
  });
});

describe("errors by type", () => {
  it("stand in the order of their bars, of equals the busier now first", () => {
    const types = [
      { type: "busy", total: 4, perMinute: 9 },
      { type: "quiet", total: 40, perMinute: 0 },
      { type: "idle", total: 4, perMinute: 0 },
    ];
    expect(sortTypes(types).map(({ type }) => type)).toEqual(["quiet", "busy", "idle"]);
  });
});

describe("types that get a line", () => {
  const rows = [typeRow("a", 10), typeRow("a", 20, "out"), typeRow("b", 25), typeRow("c", 5), typeRow("silent", 0)];

  it("are the busiest of both directions together, and none that is silent", () => {
    expect(pickTopTypes(rows, []).map(({ event }) => event)).toEqual(["a", "b", "c"]);
  });

  it("stay while all of them are near the top, so that lines keep their colours", () => {
    const many = ["a", "b", "c", "d", "e", "f", "g", "h"].map((event, i) => typeRow(event, 100 - i));
    const before = pickTopTypes(many, []);
    const shuffled = many.map((row) => (row.event === "f" ? { ...row, rate: 1000 } : row));
    expect(pickTopTypes(shuffled, before)).toBe(before);
    const fallen = many.map((row) => (row.event === "a" ? { ...row, rate: 1 } : row));
    expect(pickTopTypes(fallen, before).map(({ event }) => event)).toEqual(["b", "c", "d", "e", "f"]);
  });

  it("stay when nothing is said any more, and grow when more types come", () => {
    const before = pickTopTypes(rows, []);
    expect(
      pickTopTypes(
        rows.map((row) => ({ ...row, rate: 0 })),
        before,
      ),
    ).toBe(before);
    expect(pickTopTypes([...rows, typeRow("d", 1)], before)).toHaveLength(4);
  });
});

describe("a list that is sorted and filtered", () => {
  it("puts what is not known last either way", () => {
    const values = [3, null, 1, 2];
    expect(sortRows(values, (value) => value, false)).toEqual([1, 2, 3, null]);
    expect(sortRows(values, (value) => value, true)).toEqual([3, 2, 1, null]);
    expect(sortRows(["b", "a"], (value) => value, false)).toEqual(["a", "b"]);
  });

  it("keeps the order that is read, with what is new behind it", () => {
    const key = (value: string) => value;
    expect(holdOrder(["c", "new", "a", "b"], key, ["a", "b", "gone", "c"])).toEqual(["a", "b", "c", "new"]);
  });

  it("holds every row exactly once, whatever was shown before", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.array(fc.string()), (rows, shown) => {
        const held = holdOrder(rows, (row) => row, shown);
        expect([...held].sort()).toEqual([...rows].sort());
      }),
    );
  });

  it("finds types by part of their name and direction", () => {
    const rows = [typeRow("chat:message", 1), typeRow("chat:message", 1, "out"), typeRow("typing", 1)];
    expect(filterTypes(rows, " CHAT", "all")).toHaveLength(2);
    expect(filterTypes(rows, "chat", "out").map(({ direction }) => direction)).toEqual(["out"]);
    expect(filterTypes(rows, "", "in")).toHaveLength(2);
  });
});

describe("a tail", () => {
  it("shows the newest first and numbers every row for good", () => {
    const tail = new TailBuffer();
    tail.take({ rows: [tailRow("first"), tailRow("second")], passed: 3 });
    tail.take({ rows: [tailRow("third")], passed: 1 });
    expect(tail.rows.map(({ event, number }) => [event, number])).toEqual([
      ["third", 3],
      ["second", 2],
      ["first", 1],
    ]);
    expect(tail.passed).toBe(4);
  });

  it("stands still while it is held, counts what comes, and shows it after", () => {
    const tail = new TailBuffer();
    tail.take({ rows: [tailRow("a")], passed: 0 });
    const shown = tail.rows;
    tail.hold();
    tail.take({ rows: [tailRow("b"), tailRow("c")], passed: 0 });
    expect(tail.rows).toBe(shown);
    expect(tail.held).toBe(2);
    tail.flow();
    expect(tail.rows.map(({ event }) => event)).toEqual(["c", "b", "a"]);
    expect(tail.held).toBe(0);
  });

  it("never holds more than 500 rows shown and 500 held, and counts what fell out", () => {
    const tail = new TailBuffer();
    const rows = Array.from({ length: 200 }, (_, i) => tailRow(String(i)));
    for (let i = 0; i < 4; i++) tail.take({ rows, passed: 0 });
    expect(tail.rows).toHaveLength(MOST_ROWS);
    tail.hold();
    for (let i = 0; i < 4; i++) tail.take({ rows, passed: 0 });
    expect(tail.held).toBe(MOST_ROWS);
    expect(tail.passed).toBe(300);
    tail.flow();
    expect(tail.rows).toHaveLength(MOST_ROWS);
    expect(tail.rows[0]?.event).toBe("199");
    tail.clear();
    expect([tail.rows.length, tail.held, tail.passed]).toEqual([0, 0, 0]);
  });
});
