import type { VNode } from "preact";

/** The mark: a pulse on a tile. */
export function Logo(): VNode {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M4 12.5h3.6l2.4-6 4 11 2.4-5H20" />
    </svg>
  );
}
