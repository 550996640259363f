import type { LiveState, PastAnswer, PastTable } from "../state/index.ts";
import { allNodes } from "./reporting.ts";

/** A table over the time that the page looks at; `null` while it looks at now, and while the table is not known. */
export function pastRows<T extends PastTable>(live: LiveState, name: T): PastAnswer<T> | null {
  return live.past.value?.table(name, live.node.value) ?? null;
}

/** What a list is of: `now` and whether of all nodes, or the time and the node that the page looks at. */
export function windowNote(live: LiveState, now: string): string {
  return live.past.value === null ? allNodes(live, now) : "in the window";
}
