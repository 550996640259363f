import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { type HeldOrder, useHeldOrder } from "./held-order.ts";
import { type Sorting, sortRows } from "./sort-rows.ts";

/** What each column of a table is sorted by. */
export type Figures<Row, Column extends string> = {
  readonly [C in Column]: (row: Row) => number | string | null;
};

/** What the heads of the columns need. */
export interface Sorter<Column extends string> {
  readonly sorting: Sorting<Column>;
  readonly onSort: (sorting: Sorting<Column>) => void;
}

/** What a person sorted a table by. @param first sorted by it, the most first, until somebody says otherwise */
export function useSorter<Column extends string>(first: Column): Sorter<Column> {
  const [sorting, onSort] = useState<Sorting<Column>>({ key: first, descending: true });
  return { sorting, onSort };
}

/**
 * The rows in the order of `sorter`, which holds while somebody is in the table.
 * @param filter as text, what the rows were chosen by: another one takes effect at once
 */
export function useSortedRows<Row, Column extends string>(
  rows: readonly Row[],
  figures: Figures<Row, Column>,
  { sorting: { key, descending } }: Sorter<Column>,
  keyOf: (row: Row) => string,
  filter = "",
): HeldOrder<Row> {
  return useHeldOrder(sortRows(rows, figures[key], descending), keyOf, `${key} ${descending} ${filter}`);
}

interface SortedTableProps<Row> {
  readonly label: string;
  readonly class?: string;
  readonly held: HeldOrder<Row>;
  readonly keyOf: (row: Row) => string;
  /** Cells of the head. */
  readonly head: ComponentChildren;
  readonly row: (props: { readonly row: Row }) => VNode;
}

/** A table that scrolls sideways where it is too wide. */
export function SortedTable<Row>({ label, class: more, held, keyOf, head, row: Body }: SortedTableProps<Row>): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll" aria-label={label} tabIndex={0}>
      <table class={more === undefined ? "rows" : `rows ${more}`}>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody {...held.handlers}>
          {held.rows.map((row) => (
            <Body key={keyOf(row)} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
