import { COMPONENT_KINDS, type ComponentKind, type ComponentRow, type ComponentState, TIER_MS } from "./sources.ts";

/** A component nobody has looked at for this long is stale: 2.5 medium tiers, ms. */
export const COMPONENT_STALE_MS: number = 2.5 * TIER_MS.medium;

/** A component and the node that told of it. */
export type ComponentMember = ComponentRow & { readonly node: string };

/** How all components of one kind are, over all nodes. */
export interface ComponentStatus {
  readonly kind: ComponentKind;
  /** That of the worst member; `absent`: nothing of this kind is attached. */
  readonly state: ComponentState | "absent";
  /** True when the worst member was not looked at lately, so that `state` is what was known last. */
  readonly stale: boolean;
  /** Since when the worst member has been in that state, ms epoch; `null` for none. */
  readonly since: number | null;
  /** Longest round trip of the members that answer, seconds; `null` when none does, or there is nothing to ask. */
  readonly latencySeconds: number | null;
  /** The member that is worst; `null` for none. */
  readonly worst: ComponentMember | null;
  /** Members, and those that are up and were looked at lately. */
  readonly members: number;
  readonly up: number;
}

/**
 * Puts the rows of the `components` table together: for each kind the state of
 * its worst member. Worse than up is not asked yet, worse than that is not
 * looked at lately, worst is down; of two that are alike, the slower one.
 * @param now ms epoch, by the clock of the rows (the hub's)
 * @param staleAfterMs `COMPONENT_STALE_MS` unless the medium tier was set otherwise
 */
export function componentStatus(
  rows: readonly ComponentMember[],
  now: number,
  staleAfterMs: number = COMPONENT_STALE_MS,
): Readonly<Record<ComponentKind, ComponentStatus>> {
  const isStale = (row: ComponentMember): boolean => row.checkedAt !== null && now - row.checkedAt > staleAfterMs;
  const one = (kind: ComponentKind): ComponentStatus =>
    statusOf(
      kind,
      rows.filter((row) => row.kind === kind),
      isStale,
    );
  return Object.fromEntries(COMPONENT_KINDS.map((kind) => [kind, one(kind)])) as Record<ComponentKind, ComponentStatus>;
}

function statusOf(
  kind: ComponentKind,
  rows: readonly ComponentMember[],
  isStale: (row: ComponentMember) => boolean,
): ComponentStatus {
  const rank = (row: ComponentMember): number => {
    if (row.state === "down") return 3;
    if (isStale(row)) return 2;
    return row.state === "unknown" ? 1 : 0;
  };
  const worse = (a: ComponentMember, b: ComponentMember): number =>
    rank(b) - rank(a) || (b.latencySeconds ?? 0) - (a.latencySeconds ?? 0);
  const worst = rows.toSorted(worse)[0] ?? null;
  const answering = rows.filter((row) => rank(row) === 0);
  const latencies = answering.flatMap(({ latencySeconds }) => latencySeconds ?? []);
  return {
    kind,
    state: worst?.state ?? "absent",
    stale: worst !== null && isStale(worst),
    since: worst?.since ?? null,
    latencySeconds: latencies.length === 0 ? null : Math.max(...latencies),
    worst,
    members: rows.length,
    up: answering.length,
  };
}
