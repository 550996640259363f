import {
  COMPONENT_STALE_MS,
  type ComponentKind,
  type ComponentMember,
  type ComponentStatus,
  componentStatus,
} from "@wsight/protocol";
import type { LiveState } from "../state/index.ts";

/** How the components of a kind are, as far as the page looks at them. */
export interface ShownStatus extends ComponentStatus {
  /** When one of them was looked at last, if that is too long ago for all of them to say anything of now; else `null`. */
  readonly staleSince: number | null;
  /** Members that were not looked at lately while others were: their state is not known, and the others' is told. */
  readonly lost: number;
  /** False while the hub has not said which components there are. */
  readonly known: boolean;
}

/** Components of the nodes in view. A node that fell silent looks at nothing, whatever it told last. */
export function componentsInView(live: LiveState, kind?: ComponentKind): readonly ComponentMember[] {
  const chosen = live.node.value;
  const silent = silentNodes(live);
  return (live.table("components").value ?? [])
    .filter((row) => (chosen === null || row.node === chosen) && (kind === undefined || row.kind === kind))
    .map((row) => {
      const silentSince = silent.get(row.node);
      if (silentSince === undefined || row.checkedAt === null) return row;
      return { ...row, checkedAt: Math.min(row.checkedAt, silentSince) };
    });
}

/** True when what a component told says nothing of now. */
export function isStale(live: LiveState, { node, checkedAt }: ComponentMember): boolean {
  return silentNodes(live).has(node) || (checkedAt !== null && live.now.value - checkedAt > COMPONENT_STALE_MS);
}

/** How the components of a kind are, or those among them with a name. One node that fell silent hides no other. */
export function statusInView(live: LiveState, kind: ComponentKind, name: string | null = null): ShownStatus {
  const rows = componentsInView(live, kind).filter((row) => name === null || row.name === name);
  const fresh = rows.filter((row) => !isStale(live, row));
  const silent = fresh.length === 0 && rows.length > 0;
  // All of them are stale then, however short the time since the last word.
  const status = componentStatus(silent ? rows : fresh, live.now.value, silent ? -1 : COMPONENT_STALE_MS)[kind];
  return {
    ...status,
    members: rows.length,
    staleSince: silent ? Math.max(...rows.map(({ checkedAt }) => checkedAt ?? 0)) : null,
    lost: silent ? 0 : rows.length - fresh.length,
    known: live.table("components").value !== null,
  };
}

/** Nodes that do not report in time, and the time of their last sample. */
function silentNodes(live: LiveState): ReadonlyMap<string, number> {
  const nodes = live.table("nodes").value ?? [];
  return new Map(nodes.filter(({ state }) => state !== "live").map((row) => [row.node, row.lastAt]));
}

/** Name of a node without its service. */
export function instanceOf(node: string): string {
  return node.slice(node.indexOf("/") + 1);
}
