import type { CollectorRow, ComponentRow, LiveTableRows, QueryRow } from "@wsight/protocol";
import type { NodeState } from "./node-state.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";

const MAX_ROWS = 1000;
/** Rows of one node, of as many as a frame may hold: no process has more components or collectors. */
const MAX_ROWS_OF_NODE = 64;
const MAX_QUERIES = 50;
/** What is shown first where not all can be. */
const WORST_FIRST: Readonly<Record<ComponentRow["state"], number>> = { down: 0, unknown: 1, up: 2 };

/** Components of nodes that are not gone; where there are too many, those that are up make room. */
export function componentRows(nodes: readonly NodeState[]): LiveTableRows["components"] {
  const rows = rowsOf(nodes, ({ components }) => components);
  if (rows.length <= MAX_ROWS) return rows;
  return rows.toSorted((a, b) => WORST_FIRST[a.state] - WORST_FIRST[b.state]).slice(0, MAX_ROWS);
}

/** Collectors of nodes that are not gone; where there are too many, those that are well make room. */
export function collectorRows(nodes: readonly NodeState[]): LiveTableRows["collectors"] {
  const rows = rowsOf(nodes, ({ collectors }) => collectors);
  if (rows.length <= MAX_ROWS) return rows;
  const isWell = ({ note }: CollectorRow): number => Number(note === null);
  return rows.toSorted((a, b) => isWell(a) - isWell(b)).slice(0, MAX_ROWS);
}

/** Statements of one shape over all nodes, those that took most time first, what shares a place last. */
export function queryRows(nodes: readonly NodeState[]): LiveTableRows["queries"] {
  const merged = new Map<string, LiveTableRows["queries"][number]>();
  for (const row of nodes.flatMap(({ queries }) => queries.slice(0, MAX_ROWS_OF_NODE))) {
    const key = [row.client, row.system, row.shape].join("\n");
    const known = merged.get(key);
    merged.set(key, known === undefined ? { ...row, nodes: 1 } : { ...add(known, row), nodes: known.nodes + 1 });
  }
  const rows = [...merged.values()].sort(
    (a, b) => sharedLast(a.shape, b.shape) || b.totalSeconds - a.totalSeconds || compareNames(a.shape, b.shape),
  );
  return firstRows(rows, MAX_QUERIES, ({ shape }) => shape);
}

function rowsOf<T>(
  nodes: readonly NodeState[],
  of: (node: NodeState) => readonly T[],
): readonly (T & { readonly node: string })[] {
  return nodes.flatMap((node) =>
    of(node)
      .slice(0, MAX_ROWS_OF_NODE)
      .map((row) => ({ ...row, node: node.key })),
  );
}

function add(a: QueryRow, b: QueryRow): QueryRow {
  return {
    ...a,
    calls: a.calls + b.calls,
    errors: a.errors + b.errors,
    totalSeconds: a.totalSeconds + b.totalSeconds,
    p95Seconds: worse(a.p95Seconds, b.p95Seconds),
    maxSeconds: worse(a.maxSeconds, b.maxSeconds),
    lastAt: Math.max(a.lastAt, b.lastAt),
  };
}

function worse(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
