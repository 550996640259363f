import { type LiveTable, MAX_SELECTORS, type Selector, selectorKey } from "@wsight/protocol";
import type { OnScreen } from "./live.ts";
import type { PastTable } from "./past-rows.ts";

/** What all users of the page look at together. */
export interface Union {
  /** By `selectorKey`, the node already applied. */
  readonly series: ReadonlyMap<string, Selector>;
  readonly tables: readonly LiveTable[];
  readonly past: readonly PastTable[];
  /** Series that did not fit into one subscription. */
  readonly leftOut: number;
}

/** Counts who looks at what. */
export class OnScreenCount {
  readonly #users = new Set<Required<OnScreen>>();

  /** Adds a user; returns the way to remove it. */
  add(page: OnScreen): () => void {
    const user = { series: [...page.series], tables: [...page.tables], past: [...(page.past ?? [])] };
    this.#users.add(user);
    return () => {
      this.#users.delete(user);
    };
  }

  /** Users now. */
  get size(): number {
    return this.#users.size;
  }

  /** What to subscribe to; the first {@link MAX_SELECTORS} series count. @param node for selectors without one */
  union(node: string | null): Union {
    const series = new Map<string, Selector>();
    const tables = new Set<LiveTable>();
    const past = new Set<PastTable>();
    const leftOut = new Set<string>();
    for (const user of this.#users) {
      for (const selector of user.series) {
        const applied = withNode(selector, node);
        const key = selectorKey(applied);
        if (series.size < MAX_SELECTORS || series.has(key)) series.set(key, applied);
        else leftOut.add(key);
      }
      for (const table of user.tables) tables.add(table);
      for (const table of user.past) past.add(table);
    }
    return { series, tables: [...tables].sort(), past: [...past].sort(), leftOut: leftOut.size };
  }
}

/** The selector, looking at `node` unless it names a node itself, or is of queues: the hub counts those, and no process. */
export function withNode(selector: Selector, node: string | null): Selector {
  const own = node === null || selector.node !== undefined || selector.metric.startsWith("queue.");
  return own ? selector : { ...selector, node };
}
