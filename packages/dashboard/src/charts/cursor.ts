import { type Signal, signal } from "@preact/signals";

/** The one time cursor that all charts of a page share. */
export interface Cursor {
  /** Time under the cursor, ms epoch; `null` when there is none. */
  readonly at: Signal<number | null>;
  /** Id of the chart that holds the pointer or the keyboard: it alone shows the tooltip. */
  readonly owner: Signal<string | null>;
  /** True when the cursor stays where it is until Escape. */
  readonly pinned: Signal<boolean>;
}

/** Makes a cursor that points at nothing. */
export function createCursor(): Cursor {
  return { at: signal(null), owner: signal(null), pinned: signal(false) };
}

/** Takes the cursor away, pinned or not. */
export function clearCursor(cursor: Cursor): void {
  cursor.pinned.value = false;
  cursor.owner.value = null;
  cursor.at.value = null;
}
