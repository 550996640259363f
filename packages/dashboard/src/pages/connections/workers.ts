import type { NodeRow } from "@wsight/protocol";

/** More than this times the mean is called out. */
const STANDS_OUT = 1.25;
/** Utilisation of a pool from which it is called full. */
export const POOL_LIMIT = 0.9;

/** What a set of processes can take together. */
export interface Pool {
  /** Open connections by connections possible; `null` while one of the two is unknown. */
  readonly use: number | null;
  readonly open: number | null;
  readonly capacity: number | null;
  /** Where the figure of each node comes from. */
  readonly sources: string;
}

/** Utilisation of the nodes that report. Of several, all must say what they can take. */
export function poolOf(nodes: readonly NodeRow[]): Pool {
  const live = nodes.filter(({ state }) => state === "live");
  const open = addUp(live, ({ connections }) => connections);
  const capacity = addUp(live, (row) => row.capacity?.connections ?? null);
  const sources = live.map(({ instance, capacity: own }) =>
    own === null ? `${instance}: unknown` : `${instance}: ${own.connections.toLocaleString("en-US")}, ${own.source}`,
  );
  const use = open === null || capacity === null ? null : open / capacity;
  return { use, open, capacity, sources: sources.join("\n") };
}

function addUp(nodes: readonly NodeRow[], read: (row: NodeRow) => number | null): number | null {
  let sum = 0;
  for (const row of nodes) {
    const value = read(row);
    if (value === null) return null;
    sum += value;
  }
  return nodes.length === 0 ? null : sum;
}

/**
 * The node whose figure stands out above the others: the highest of those that
 * report, when it is well above their mean and not too small to matter.
 * @param floor figures below it are never called out
 */
export function worstOf(
  nodes: readonly NodeRow[],
  read: (row: NodeRow) => number | null,
  floor: number,
): string | null {
  const known = nodes.flatMap((row) => {
    const value = row.state === "live" ? read(row) : null;
    return value === null ? [] : [{ node: row.node, value }];
  });
  if (known.length < 2) return null;
  const mean = known.reduce((sum, { value }) => sum + value, 0) / known.length;
  const worst = known.reduce((a, b) => (b.value > a.value ? b : a));
  return worst.value >= floor && worst.value > mean * STANDS_OUT ? worst.node : null;
}

/** How evenly connections spread over the nodes that report. */
export interface Balance {
  /** Mean by most: 1 is even. */
  readonly evenness: number;
  /** Most by mean. */
  readonly factor: number;
  readonly busiest: NodeRow;
}

/** Evenness of the connections; `null` for fewer than two nodes or no connections. */
export function balanceOf(nodes: readonly NodeRow[]): Balance | null {
  const known = nodes.filter(({ state, connections }) => state === "live" && connections !== null);
  const total = known.reduce((sum, { connections }) => sum + (connections ?? 0), 0);
  if (known.length < 2 || total === 0) return null;
  const busiest = known.reduce((a, b) => ((b.connections ?? 0) > (a.connections ?? 0) ? b : a));
  const factor = ((busiest.connections ?? 0) * known.length) / total;
  return { evenness: 1 / factor, factor, busiest };
}
