import type { VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { ColorToken } from "../../charts/palette.ts";
import { createStack, restOf } from "../../charts/stack.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { rate } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { useReporting } from "../use-reporting.ts";
import { SERIES, typeSelector } from "./selectors.ts";
import { pickTopTypes, type TopType } from "./top-types.ts";

const COLORS: readonly ColorToken[] = ["c1", "c2", "c4", "c6", "c3"];

/** Messages a second by type, both directions together: the busiest five and the rest. */
export function RateByType(): VNode {
  const { live } = useApp();
  const { stale, empty } = useReporting("messages");
  const picked = useRef<readonly TopType[]>([]);
  const rows = live.past.value === null ? live.table("types").value : pastRows(live, "types")?.rows;
  picked.current = pickTopTypes(rows ?? [], picked.current);
  const types = picked.current;
  const lines = useMemo(() => linesOf(types), [types]);
  const stack = useMemo(createStack, [types]);
  useEffect(() => live.use({ series: lines.map(({ selector }) => selector), tables: [] }), [live, lines]);
  return (
    <TimeSeries
      // A chart keeps its lines for life; other types are another chart.
      key={lines.map(({ label }) => label).join()}
      title="Rate by event type"
      span={8}
      lines={lines}
      stack={stack}
      format={rate}
      staleSince={stale}
      empty={empty}
    />
  );
}

function linesOf(types: readonly TopType[]): readonly Line[] {
  const shared = new Set(types.map(({ event }) => event)).size < types.length;
  const parts = types.map((type, index): Line => {
    const label = shared ? `${type.event} (${type.library})` : type.event;
    return { label, selector: typeSelector(type), color: COLORS[index] ?? "other", fill: "stacked" };
  });
  const selectors = parts.map(({ selector }) => selector);
  const rest: Line = {
    label: types.length === 0 ? "All" : "other",
    selector: SERIES.all,
    color: types.length === 0 ? "c1" : "other",
    fill: "stacked",
    ring: (live) => restOf(live, SERIES.all, selectors),
  };
  return [...parts, rest];
}
