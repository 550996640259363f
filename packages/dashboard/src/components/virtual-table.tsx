import type { ComponentChildren, TargetedEvent, TargetedFocusEvent, TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowAfterKey, rowsInView, segmentsOf, topToShow } from "./virtual-rows.ts";

/** One column. */
export interface Column {
  readonly id: string;
  readonly header: string;
  /** CSS width; one column without a width takes what is left. */
  readonly width?: string;
  /** Figures stand at the right. */
  readonly numeric?: boolean;
  /** How its order is now, `null` when it is not the one that orders. Left out where nothing can be ordered by it. */
  readonly order?: "ascending" | "descending" | null;
}

/** What is shown of one row. */
export interface TableRow {
  /** Content of the first cell, inside the button that opens the row where rows open. */
  readonly head: ComponentChildren;
  /** The other cells. */
  readonly cells: readonly ComponentChildren[];
  /** `data-state` of the row. */
  readonly state?: string;
}

interface VirtualTableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly count: number;
  /** Another key is another list, which begins at its top. */
  readonly listKey: string;
  /** px */
  readonly rowHeight: number;
  /** A row, or `null` while it is not known. */
  readonly rowAt: (place: number) => TableRow | null;
  readonly onRange: (first: number, last: number) => void;
  /** Somebody looks at the rows so closely that they should keep their places. */
  readonly onHold: (reason: "pointer" | "focus" | "scroll", holds: boolean) => void;
  /** Left out where a row has nothing more to show: its cells are then plain text. */
  readonly onOpen?: (place: number) => void;
  readonly onOrder: (column: string) => void;
}

const HEAD_PX = 32;

/**
 * A table of any number of rows of one height, of which only those in view are
 * drawn. One Tab stop: arrows, Page keys, Home and End go from row to row,
 * Enter opens one; where rows do not open, they scroll.
 */
export function VirtualTable(props: VirtualTableProps): VNode {
  const { label, columns, count, listKey, rowHeight, rowAt, onRange, onHold, onOpen, onOrder } = props;
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 480 });
  const [focused, setFocused] = useState<number | null>(null);
  const moveFocus = useRef(false);
  const view = rowsInView(scroll.top, scroll.height, rowHeight, count);
  const stop = focused ?? Math.min(Math.ceil(scroll.top / rowHeight), Math.max(0, count - 1));

  useEffect(() => onRange(view.first, view.last), [view.first, view.last]);
  useEffect(() => onHold("scroll", scroll.top > 0), [scroll.top > 0]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => measure(element));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = 0;
  }, [listKey]);
  // A row that goes takes the focus with it and tells nobody.
  useEffect(() => {
    if (focused === null || focused < count) return;
    setFocused(null);
    onHold("focus", false);
  }, [focused, count]);
  useLayoutEffect(() => {
    if (!moveFocus.current) return;
    moveFocus.current = false;
    box.current?.querySelector<HTMLElement>(`[data-place="${focused}"]`)?.focus({ preventScroll: true });
  }, [focused]);

  function measure(element: HTMLDivElement): void {
    const next = { top: element.scrollTop, height: element.clientHeight - HEAD_PX };
    setScroll((last) => (last.top === next.top && last.height === next.height ? last : next));
  }

  function onKeyDown(event: TargetedKeyboardEvent<HTMLTableSectionElement>): void {
    const element = box.current;
    const perPage = Math.max(1, Math.floor(scroll.height / rowHeight) - 1);
    const next = rowAfterKey(event.key, stop, count, perPage);
    if (onOpen === undefined || next === null || element === null || event.altKey || event.ctrlKey || event.metaKey)
      return;
    event.preventDefault();
    element.scrollTop = topToShow(next, element.scrollTop, element.clientHeight - HEAD_PX, rowHeight);
    measure(element);
    moveFocus.current = true;
    setFocused(next);
  }

  function onFocusIn(event: TargetedFocusEvent<HTMLTableSectionElement>): void {
    const place = event.target instanceof HTMLElement ? event.target.dataset.place : undefined;
    if (place !== undefined) setFocused(Number(place));
    onHold("focus", true);
  }

  function onFocusOut(event: TargetedFocusEvent<HTMLTableSectionElement>): void {
    if (event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return;
    setFocused(null);
    onHold("focus", false);
  }

  function onClick(event: TargetedEvent<HTMLTableSectionElement>): void {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-row]") : null;
    if (row !== null) onOpen?.(Number(row.dataset.row));
  }

  return (
    <div
      ref={box}
      class="vt"
      {...(onOpen === undefined ? { tabIndex: 0, role: "region", "aria-label": label } : {})}
      onScroll={(event) => measure(event.currentTarget)}
    >
      <table aria-label={label} aria-rowcount={count + 1}>
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={width === undefined ? {} : { width }} />
          ))}
        </colgroup>
        <thead class="vt-head">
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.id} column={column} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody
          onPointerEnter={(event) => event.pointerType === "mouse" && onHold("pointer", true)}
          onPointerLeave={() => onHold("pointer", false)}
          onKeyDown={onKeyDown}
          onFocusIn={onFocusIn}
          onFocusOut={onFocusOut}
          onClick={onClick}
        >
          {segmentsOf(view, count, focused).map((segment, index) =>
            segment.kind === "space" ? (
              // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus
              <tr key={`space ${index}`} aria-hidden="true">
                <td class="vt-space" colSpan={columns.length} style={{ height: `${segment.rows * rowHeight}px` }} />
              </tr>
            ) : (
              range(segment.first, segment.last).map((place) => (
                <Row
                  key={place}
                  place={place}
                  row={rowAt(place)}
                  columns={columns}
                  stop={place === stop}
                  opens={onOpen !== undefined}
                />
              ))
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Head({ column, onOrder }: { readonly column: Column; readonly onOrder: (column: string) => void }): VNode {
  const { id, header, numeric, order } = column;
  const kind = numeric === true ? "num" : undefined;
  if (order === undefined)
    return (
      <th scope="col" class={kind}>
        {header}
      </th>
    );
  return (
    <th scope="col" class={kind} aria-sort={order ?? "none"}>
      <button type="button" class="sort" data-order={order ?? undefined} onClick={() => onOrder(id)}>
        {header}
      </button>
    </th>
  );
}

interface RowProps {
  readonly place: number;
  readonly row: TableRow | null;
  readonly columns: readonly Column[];
  /** True for the row that Tab comes to. */
  readonly stop: boolean;
  readonly opens: boolean;
}

function Row({ place, row, columns, stop, opens }: RowProps): VNode {
  const [, ...others] = columns;
  return (
    <tr
      class="vt-row"
      data-row={place}
      data-plain={opens ? undefined : ""}
      data-state={row === null ? "unknown" : row.state}
      aria-rowindex={place + 2}
    >
      <th scope="row">
        {opens ? (
          <button type="button" class="vt-open" data-place={place} tabIndex={stop ? 0 : -1}>
            {row?.head ?? <Blank />}
          </button>
        ) : (
          (row?.head ?? <Blank />)
        )}
      </th>
      {others.map(({ id, numeric }, index) => (
        <td key={id} class={numeric === true ? "num" : undefined}>
          {row === null ? <Blank /> : row.cells[index]}
        </td>
      ))}
    </tr>
  );
}

/** Where something is about to be. */
function Blank(): VNode {
  return (
    <i class="vt-blank">
      <span class="sr-only">fetching</span>
    </i>
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
