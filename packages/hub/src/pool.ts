import type { NodeRow } from "@wsight/protocol";

/** How full the processes are that take connections: the live nodes that say how many they have. */
export interface Pool {
  /** Open connections of all of them; `null` when there is none. */
  readonly connections: number | null;
  /** Connections they can take together; `null` unless each of them says. */
  readonly capacity: number | null;
  /** `connections` ÷ `capacity`, 0–1 and beyond. */
  readonly utilisation: number | null;
  /**
   * How evenly they are loaded: the load of the least loaded ÷ that of the
   * most loaded, 1 for all alike, 0 when one idles while others work. The load
   * of a node is its connections ÷ its capacity when each of them says one,
   * else its connections ÷ the mean of all. 1 while nobody is connected,
   * `null` for fewer than two nodes.
   */
  readonly balance: number | null;
}

/** How full one node is, 0–1 and beyond; `null` when its connections or its capacity are not known. */
export function utilisationOf({ connections, capacity }: Pick<NodeRow, "connections" | "capacity">): number | null {
  return connections === null || capacity === null ? null : connections / capacity.connections;
}

/** Puts the rows of the `nodes` table together. */
export function poolOf(rows: readonly NodeRow[]): Pool {
  const members = rows.filter(({ state, connections }) => state === "live" && connections !== null);
  if (members.length === 0) return { connections: null, capacity: null, utilisation: null, balance: null };
  const connections = members.reduce((sum, row) => sum + (row.connections ?? 0), 0);
  const bounded = members.every(({ capacity }) => capacity !== null);
  const capacity = bounded ? members.reduce((sum, row) => sum + (row.capacity?.connections ?? 0), 0) : null;
  const loads = members.map((row) => (bounded ? (utilisationOf(row) ?? 0) : (row.connections ?? 0)));
  return {
    connections,
    capacity,
    utilisation: capacity === null ? null : connections / capacity,
    balance: balanceOf(loads),
  };
}

/** Of shares and of multiples of the mean alike, since the mean cancels out. */
function balanceOf(loads: readonly number[]): number | null {
  if (loads.length < 2) return null;
  const most = Math.max(...loads);
  return most === 0 ? 1 : Math.min(...loads) / most;
}
