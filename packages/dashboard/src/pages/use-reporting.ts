import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { Emptiness } from "../components/empty-state.tsx";
import { explainEmpty, staleSince } from "./reporting.ts";

/** Whether what is in view reports, and why a card has nothing to show if it has nothing. */
export interface Reporting {
  /** When the newest sample came, if everything in view fell silent; else `null`. */
  readonly stale: number | null;
  readonly empty: Emptiness;
}

/**
 * The same as `staleSince` and `explainEmpty`, for what is dear to render: the
 * list of nodes changes each second, what is said of it here hardly ever.
 */
export function useReporting(what: string): Reporting {
  const { live } = useApp();
  const text = useComputed(() => JSON.stringify({ stale: staleSince(live), empty: explainEmpty(live, what) })).value;
  return useMemo(() => JSON.parse(text) as Reporting, [text]);
}
