import { useRef } from "preact/hooks";
import { holdOrder } from "./sort-rows.ts";

/** Rows in an order that stands still while somebody points at them or has the focus among them. */
export interface HeldOrder<Row> {
  readonly rows: readonly Row[];
  /** For the element around the rows alone: whoever presses a head wants another order. */
  readonly handlers: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocusIn: () => void;
    readonly onFocusOut: () => void;
  };
}

/**
 * Holds the order of `sorted` while the pointer or the focus is in the table;
 * values go on. Another `sorting`, as text, takes effect at once.
 */
export function useHeldOrder<Row>(
  sorted: readonly Row[],
  keyOf: (row: Row) => string,
  sorting: string,
): HeldOrder<Row> {
  const state = useRef({ pointed: false, focused: false, shown: [] as readonly string[], sorting });
  const { current } = state;
  const held = (current.pointed || current.focused) && current.sorting === sorting;
  const rows = held ? holdOrder(sorted, keyOf, current.shown) : sorted;
  current.shown = rows.map(keyOf);
  current.sorting = sorting;
  const note = (change: Partial<typeof current>) => () => void Object.assign(current, change);
  return {
    rows,
    handlers: {
      onPointerEnter: note({ pointed: true }),
      onPointerLeave: note({ pointed: false }),
      onFocusIn: note({ focused: true }),
      onFocusOut: note({ focused: false }),
    },
  };
}
