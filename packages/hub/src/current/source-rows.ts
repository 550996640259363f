import type { LiveTableRows, QueryRow } from "@wsight/protocol";
import type { NodeState } from "./node-state.ts";

const MAX_ROWS = 1000;
const MAX_QUERIES = 50;

/** Rows that nodes told, each with its node; at most 1,000. */
export function rowsOfNodes<T>(
  nodes: readonly NodeState[],
  rowsOf: (node: NodeState) => readonly T[],
): readonly (T & { readonly node: string })[] {
  return nodes.flatMap((node) => rowsOf(node).map((row) => ({ ...row, node: node.key }))).slice(0, MAX_ROWS);
}

/** Statements of one shape over all nodes, those that took most time first. */
export function mergeQueries(nodes: readonly NodeState[]): LiveTableRows["queries"] {
  const merged = new Map<string, LiveTableRows["queries"][number]>();
  for (const row of nodes.flatMap(({ queries }) => queries)) {
    const key = [row.client, row.system, row.shape].join("\n");
    const known = merged.get(key);
    merged.set(key, known === undefined ? { ...row, nodes: 1 } : { ...add(known, row), nodes: known.nodes + 1 });
  }
  return [...merged.values()].sort((a, b) => b.totalSeconds - a.totalSeconds).slice(0, MAX_QUERIES);
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
