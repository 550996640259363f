import { expected, type HelloFrame, type TableFrame } from "@wsight/protocol";
import type { NodeState } from "./node-state.ts";
import { Shares } from "./shares.ts";

/** What the lists of all nodes may hold together, in UTF-16 units and what a row costs beside them. */
const MAX_UNITS = 64 * 1024 * 1024;
/** What a row costs beside its texts. */
const ROW_UNITS = 64;

/**
 * Bounds what nodes say in lists: tables and findings. A single list is bounded
 * by the protocol; all of them by all nodes would be more than a hub can hold.
 */
export class ListRoom {
  readonly #shares = new Shares(MAX_UNITS);
  readonly #sizes = new WeakMap<NodeState, Map<string, number>>();

  /** Makes room for a list that replaces the one before. @throws WsightError `BAD_FRAME` when there is none */
  replace(node: NodeState, list: TableFrame["table"] | "findings", rows: readonly object[]): void {
    const sizes = this.#sizes.get(node) ?? new Map<string, number>();
    this.#sizes.set(node, sizes);
    const size = rows.reduce((sum: number, row) => sum + unitsOf(row), 0);
    if (!this.#shares.take(node.hello.service, size - (sizes.get(list) ?? 0)))
      throw expected("BAD_FRAME", list, `lists of all processes to stay below ${MAX_UNITS} units`, size);
    sizes.set(list, size);
  }

  /** The node has said hello anew, or is forgotten: what it said before is gone. */
  clear(node: NodeState): void {
    for (const size of this.#sizes.get(node)?.values() ?? []) this.#shares.take(node.hello.service, -size);
    this.#sizes.delete(node);
  }
}

function unitsOf(row: object | HelloFrame["findings"][number]): number {
  let units = ROW_UNITS;
  for (const value of Object.values(row)) {
    if (typeof value === "string") units += value.length;
    else if (Array.isArray(value)) for (const text of value) units += ROW_UNITS / 4 + String(text).length;
  }
  return units;
}
