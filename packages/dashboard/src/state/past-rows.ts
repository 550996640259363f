import type { CountRow, ErrorsTable, EventRow, NodeRow, OperationRow, RouteRow, TypeRow } from "@wsight/protocol";

/** A node as it was on the mean of a time: what is not known of it is `null`. */
export type PastNode = Pick<NodeRow, "node" | "cpu" | "memoryBytes" | "loopLagP99">;

/**
 * Rows of tables of the past: rates, counts and percentiles over the whole
 * time that is looked at, the largest first.
 */
interface PastRows {
  /** Connections by node, on the mean of the time. */
  readonly connections: readonly CountRow[];
  readonly nodes: readonly PastNode[];
  readonly closes: readonly CountRow[];
  readonly events: readonly EventRow[];
  readonly types: readonly TypeRow[];
  readonly errors: ErrorsTable["byType"];
  readonly routes: readonly RouteRow[];
  readonly operations: readonly OperationRow[];
}

/** Name of a table of the past. */
export type PastTable = keyof PastRows;

/** A table of the past, as far as it is known. */
export interface PastAnswer<T extends PastTable> {
  readonly rows: PastRows[T];
  /** How many further rows there are. */
  readonly leftOut: number;
  /** Figure of all rows together, those left out included; `null` where there is none. */
  readonly whole: number | null;
}
