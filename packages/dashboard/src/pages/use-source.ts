import { useComputed } from "@preact/signals";
import { type ComponentKind, SOURCE_LIBRARIES, type SourceHint, sourceHint } from "@wsight/protocol";
import { useMemo } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { LiveState } from "../state/index.ts";
import { componentsInView, statusInView } from "./components.ts";
import { nodesInView, staleSince } from "./reporting.ts";

/** What feeds a tab. */
export interface Source {
  readonly kind: ComponentKind;
  /** The one that was chosen among several of its kind; `null` for all together. */
  readonly name: string | null;
  /** All there are of its kind. */
  readonly names: readonly string[];
  /** True once something of its kind is known to be watched, false once it is known that nothing is. */
  readonly attached: boolean | null;
  /** When it was last heard of, if that says nothing of now; else `null`. */
  readonly stale: number | null;
  /** Why it has nothing to show. */
  readonly hint: SourceHint;
}

/** Reads what feeds a tab; the same object while it says the same, for what is dear to render. */
export function useSource(kind: ComponentKind, wanted: string | null): Source {
  const { live } = useApp();
  const text = useComputed(() => JSON.stringify(readSource(live, kind, wanted))).value;
  return useMemo(() => JSON.parse(text) as Source, [text]);
}

function readSource(live: LiveState, kind: ComponentKind, wanted: string | null): Source {
  const nodes = nodesInView(live);
  const names = [...new Set(componentsInView(live, kind).map((row) => row.name))].sort();
  const name = names.find((each) => each === wanted) ?? null;
  const findings = nodes.flatMap((row) => row.findings);
  const watched = findings.some(({ library }) => SOURCE_LIBRARIES[library]?.kind === kind);
  const known = live.table("components").value !== null && live.table("nodes").value !== null;
  return {
    kind,
    name,
    names,
    attached: names.length > 0 || watched ? true : known ? false : null,
    stale: live.past.value === null ? (staleSince(live) ?? statusInView(live, kind, name).staleSince) : null,
    hint: sourceHint(kind, { findings, collectors: live.table("collectors").value ?? [] }),
  };
}
