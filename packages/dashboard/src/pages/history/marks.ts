import type { HistoryEventKind } from "@wsight/protocol";
import { useMemo } from "preact/hooks";
import type { ColorToken } from "../../charts/palette.ts";
import type { HistoryApi } from "./history-api.ts";
import type { PlotMark } from "./range-plot.ts";
import { useAsked } from "./use-asked.ts";
import type { Period } from "./use-place.ts";

/** What is marked below charts, and how. Connections and jobs come by the thousand: they are in the list of events. */
const MARKED: Readonly<Partial<Record<HistoryEventKind, ColorToken>>> = {
  "node.started": "accent",
  "node.gone": "crit-fill",
  "test.started": "accent",
  "alert.fired": "warn-fill",
  "alert.resolved": "ok-fill",
};
const KINDS = Object.keys(MARKED) as HistoryEventKind[];
const MOST_MARKS = 200;

/** What happened in a period that charts mark; none while it is not known. */
export function useMarks(api: HistoryApi, { fromAt, toAt }: Period, node: string | null): readonly PlotMark[] {
  const { value } = useAsked(JSON.stringify([fromAt, toAt, node]), (signal) =>
    api.events({ fromAt, toAt, node, kinds: KINDS, limit: MOST_MARKS }, signal),
  );
  return useMemo(
    () => (value ?? []).map(({ at, kind }): PlotMark => ({ at, color: MARKED[kind] ?? "accent" })),
    [value],
  );
}
