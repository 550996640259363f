import type { TypeRow } from "@wsight/protocol";

/** Which way, or both. */
export type Direction = "all" | "in" | "out";

/** Rows whose name holds the text, of one direction or both. */
export function filterTypes(rows: readonly TypeRow[], search: string, direction: Direction): readonly TypeRow[] {
  const text = search.trim().toLowerCase();
  return rows.filter(
    (row) => (direction === "all" || row.direction === direction) && row.event.toLowerCase().includes(text),
  );
}
