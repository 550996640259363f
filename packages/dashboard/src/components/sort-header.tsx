import type { VNode } from "preact";
import type { Sorting } from "./sort-rows.ts";

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
