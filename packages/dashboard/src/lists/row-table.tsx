import type { VNode } from "preact";
import { type Column, type TableRow, VirtualTable } from "../components/virtual-table.tsx";
import type { Order, RowAnswer, Slot } from "./row-book.ts";
import type { RowFeed } from "./row-feed.ts";
import { useRowHeight } from "./use-list.ts";

interface RowTableProps<Row, Query extends Order<string>, Answer extends RowAnswer<Row>> {
  readonly label: string;
  readonly feed: RowFeed<Row, Query, Answer>;
  /** Rows there are. */
  readonly count: number;
  /** Another key is another list, which begins at its top. */
  readonly listKey: string;
  readonly columns: readonly Column[];
  readonly narrow: boolean;
  /** Beside that of every such table. */
  readonly class?: string | undefined;
  readonly rowOf: (slot: Slot<Row>) => TableRow;
  readonly onOpen: (key: string) => void;
  readonly onOrder: (column: string) => void;
}

/** The rows that a feed keeps current. */
export function RowTable<Row, Query extends Order<string>, Answer extends RowAnswer<Row>>(
  props: RowTableProps<Row, Query, Answer>,
): VNode {
  const { label, feed, count, listKey, columns, narrow, class: own, rowOf, onOpen, onOrder } = props;
  const rowHeight = useRowHeight(narrow);
  return (
    <div
      class={own === undefined ? "vt-frame" : `vt-frame ${own}`}
      data-narrow={narrow ? "" : undefined}
      data-pending={feed.state.pending ? "" : undefined}
    >
      <VirtualTable
        label={label}
        columns={columns}
        count={count}
        listKey={listKey}
        rowHeight={rowHeight}
        rowAt={(place) => {
          const slot = feed.at(place);
          return slot === undefined ? null : rowOf(slot);
        }}
        onRange={(first, last) => feed.setRange(first, last)}
        onHold={(reason, holds) => feed.hold(reason, holds)}
        onOpen={(place) => {
          const key = feed.at(place)?.key;
          if (key !== undefined) onOpen(key);
        }}
        onOrder={onOrder}
      />
    </div>
  );
}
