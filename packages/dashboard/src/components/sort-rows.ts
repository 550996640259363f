/** What a table is sorted by. */
export interface Sorting<Key extends string> {
  readonly key: Key;
  readonly descending: boolean;
}

/** A sorted copy; what is not known comes last either way, and equals stay in the order they came in. */
export function sortRows<Row>(
  rows: readonly Row[],
  read: (row: Row) => number | string | null,
  descending: boolean,
): readonly Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [read(one), read(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "string" || typeof b === "string") return sign * String(a).localeCompare(String(b));
    return sign * (a - b);
  });
}

/** Rows in the order they were shown in, what is new behind them: a table that is read must not move. */
export function holdOrder<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  shown: readonly string[],
): readonly Row[] {
  const places = new Map(shown.map((key, index) => [key, index]));
  const placeOf = (row: Row) => places.get(keyOf(row)) ?? shown.length;
  return [...rows].sort((one, other) => placeOf(one) - placeOf(other));
}
