import {
  COMPONENT_KINDS,
  type ComponentKind,
  type ComponentMember,
  componentStatus,
  type MonitorComponent,
  type MonitorComponents,
  type SourceStatus,
} from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { ms } from "./figures.ts";

/** Components that one event lists. */
const MAX_COMPONENTS = 20;
const WORST_FIRST: readonly SourceStatus[] = ["down", "stale", "unknown", "up", "not_attached"];

/** Everything of one kind that the application depends on. */
export interface Source extends MonitorComponents {
  /** True when something answers, or has not been asked yet: then what was counted is known. */
  readonly known: boolean;
  /** The worst first. */
  readonly members: readonly MonitorComponent[];
}

/** Reads how the components of each kind are. */
export type ReadSources = () => Readonly<Record<ComponentKind, Source>>;

/** @param staleAfterMs a component that nobody has looked at for this long is stale */
export function createSources(
  current: Pick<CurrentView, "nodes" | "table">,
  now: () => number,
  staleAfterMs: number,
): ReadSources {
  return () => {
    const silent = new Set(current.nodes().flatMap(({ node, state }) => (state === "live" ? [] : node)));
    const at = now();
    // What a silent process said last is old, however often it looked.
    const rows = current.table("components").map((row) => (silent.has(row.node) ? { ...row, checkedAt: 0 } : row));
    const kinds = componentStatus(rows, at, staleAfterMs);
    const wordOf = (row: ComponentMember): SourceStatus =>
      row.checkedAt !== null && at - row.checkedAt > staleAfterMs ? "stale" : row.state;
    const one = (kind: ComponentKind): Source => {
      const { members, up, state, stale, latencySeconds } = kinds[kind];
      const told = rows.filter((row) => row.kind === kind).map((row) => describeRow(row, wordOf(row)));
      return {
        status: state === "absent" ? "not_attached" : stale ? "stale" : state,
        latencyMs: ms(latencySeconds),
        attached: members,
        up,
        known: told.some(({ status }) => status === "up" || status === "unknown"),
        members: told.sort(worseFirst).slice(0, MAX_COMPONENTS),
      };
    };
    return Object.fromEntries(COMPONENT_KINDS.map((kind) => [kind, one(kind)])) as Record<ComponentKind, Source>;
  };
}

/** The part of a source that events tell of every kind. */
export function brief({ status, latencyMs, attached, up }: Source): MonitorComponents {
  return { status, latencyMs, attached, up };
}

/**
 * A source whose figures come without a component that could be pinged: nobody knows whether it is up, but what it
 * counts is known while it comes.
 * @param counted something was ever counted
 * @param coming it still is
 */
export function orUnasked(source: Source, counted: boolean, coming: boolean): Source {
  if (source.attached > 0 || !counted) return source;
  return coming ? { ...source, status: "unknown", known: true } : { ...source, status: "stale" };
}

function describeRow(
  { name, library, node, latencySeconds, since, error }: ComponentMember,
  status: SourceStatus,
): MonitorComponent {
  return {
    name,
    library,
    node,
    status,
    latencyMs: status === "up" ? ms(latencySeconds) : null,
    since: new Date(since).toISOString(),
    error,
  };
}

function worseFirst(a: MonitorComponent, b: MonitorComponent): number {
  return (
    WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) ||
    (b.latencyMs ?? 0) - (a.latencyMs ?? 0) ||
    (`${a.name} ${a.node}` < `${b.name} ${b.node}` ? -1 : 1)
  );
}
