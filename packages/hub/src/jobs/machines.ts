import type { Asks } from "../asks.ts";
import type { CurrentView } from "../current-view.ts";

/** What jobs are told of the processes that run them; looked at once for each second. Nodes are `service/instance`. */
export interface Machines {
  /** True for a process that was known and is gone, or is silent and has no link: it was killed, or can't be reached. */
  isGone(node: string): boolean;
  /** Share of time that the CPUs of its machine are busy, 0–1; `null` when not known. */
  loadOf(node: string): number | null;
}

/** Reads processes and their machines from what is current. */
export function createMachines(
  current: Pick<CurrentView, "at" | "nodes" | "compile">,
  { nodes: linkedNodes }: Pick<Asks, "nodes">,
): Machines {
  let at: number | null = null;
  let gone: ReadonlySet<string> = new Set();
  const loads = new Map<string, number | null>();
  function look(): void {
    if (current.at === at) return;
    at = current.at;
    loads.clear();
    const linked = new Set(linkedNodes());
    gone = new Set(
      current
        .nodes()
        .filter(({ node, state }) => state === "gone" || (state === "silent" && !linked.has(node)))
        .map(({ node }) => node),
    );
  }
  return {
    isGone(node) {
      look();
      return gone.has(node);
    },
    loadOf(node) {
      look();
      const known = loads.get(node);
      if (known !== undefined) return known;
      const selector = { metric: "system.cpu.utilization", agg: "last", node } as const;
      const value = at === null ? Number.NaN : current.compile([selector]).evaluate(at)[0];
      const load = value === undefined || Number.isNaN(value) ? null : Math.min(1, Math.max(0, value));
      loads.set(node, load);
      return load;
    },
  };
}
