import { type ComponentKind, type ComponentMember, type ComponentStatus, componentStatus } from "@wsight/protocol";
import type { LiveState } from "../state/index.ts";

/** How the components of a kind are, as far as the page looks at them. */
export interface ShownStatus extends ComponentStatus {
  /** When its worst member was last looked at, if that is too long ago to say anything of now; else `null`. */
  readonly staleSince: number | null;
  /** False while the hub has not said which components there are. */
  readonly known: boolean;
}

/** Components of the nodes in view. A node that fell silent looks at nothing, whatever it told last. */
export function componentsInView(live: LiveState, kind?: ComponentKind): readonly ComponentMember[] {
  const chosen = live.node.value;
  const lastAt = new Map(
    live
      .table("nodes")
      .value?.filter(({ state }) => state !== "live")
      .map((row) => [row.node, row.lastAt]),
  );
  return (live.table("components").value ?? [])
    .filter((row) => (chosen === null || row.node === chosen) && (kind === undefined || row.kind === kind))
    .map((row) => {
      const silentSince = lastAt.get(row.node);
      if (silentSince === undefined || row.checkedAt === null) return row;
      return { ...row, checkedAt: Math.min(row.checkedAt, silentSince) };
    });
}

/** How the components of a kind are, or those among them with a name. */
export function statusInView(live: LiveState, kind: ComponentKind, name: string | null = null): ShownStatus {
  const rows = componentsInView(live, kind).filter((row) => name === null || row.name === name);
  const status = componentStatus(rows, live.now.value)[kind];
  const staleSince = status.stale ? (status.worst?.checkedAt ?? null) : null;
  return { ...status, staleSince, known: live.table("components").value !== null };
}

/** Name of a node without its service. */
export function instanceOf(node: string): string {
  return node.slice(node.indexOf("/") + 1);
}
