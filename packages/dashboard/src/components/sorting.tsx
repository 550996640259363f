import type { VNode } from "preact";

/** What a table is sorted by. */
export interface Sorting<Key extends string> {
  readonly key: Key;
  readonly descending: boolean;
}

interface SortHeaderProps<Key extends string> {
  readonly by: Key;
  readonly label: string;
  /** What stands there in narrow windows. */
  readonly short?: string;
  /** Small print on the column. */
  readonly title?: string;
  readonly sorting: Sorting<Key>;
  readonly onSort: (sorting: Sorting<Key>) => void;
  readonly class?: string;
}

/** Head of a column that sorts its table: first the way that shows most, then the other. */
export function SortHeader<Key extends string>(props: SortHeaderProps<Key>): VNode {
  const { by, label, short, title, sorting, onSort, class: className = "num" } = props;
  const active = sorting.key === by;
  const direction = sorting.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={className} aria-sort={active ? direction : undefined}>
      <button
        type="button"
        class="sort"
        title={title}
        data-order={active ? direction : undefined}
        onClick={() => onSort({ key: by, descending: active ? !sorting.descending : className.includes("num") })}
      >
        {short === undefined ? (
          label
        ) : (
          <>
            <span class="medium-only">{label}</span>
            <span class="narrow-only">{short}</span>
          </>
        )}
      </button>
    </th>
  );
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
