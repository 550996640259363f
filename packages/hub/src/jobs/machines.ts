import type { Asks } from "../asks.ts";
import type { CurrentView } from "../current-view.ts";

/** What jobs are told of the processes that run them; looked at once for each second. Nodes are `service/instance`. */
export interface Machines {
  /** True for a process that was known and is gone, or is silent and has no link: it was killed, or can't be reached. */
  isGone(node: string): boolean;
  /** How loaded its machine is, 0–1: its CPUs, or its memory where that is short; `null` when neither is known. */
  loadOf(node: string): number | null;
}

/** Share of a machine's memory in use from which it counts as load: below, it slows nobody down. */
const SHORT_MEMORY = 0.85;
const FIGURES = ["system.cpu.utilization", "system.memory.utilization"] as const;

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
      const selectors = FIGURES.map((metric) => ({ metric, agg: "last", node }) as const);
      const [cpu, memory] = at === null ? [] : current.compile(selectors).evaluate(at);
      const load = loadFrom(cpu ?? Number.NaN, ((memory ?? Number.NaN) - SHORT_MEMORY) / (1 - SHORT_MEMORY));
      loads.set(node, load);
      return load;
    },
  };
}

/** The larger share of those that are known. */
function loadFrom(...shares: readonly number[]): number | null {
  const known = shares.filter((share) => !Number.isNaN(share));
  return known.length === 0 ? null : Math.min(1, Math.max(0, ...known));
}
