import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import type { Emptiness } from "../../components/empty-state.tsx";
import { duration } from "../../format/quantity.ts";

interface PercentileChartProps {
  readonly title: string;
  readonly caption?: string;
  readonly selectors: { readonly p50: Selector; readonly p95: Selector; readonly p99: Selector };
  readonly stale: number | null;
  readonly empty: Emptiness;
}

/** How long something took: one hue in three weights. */
export function PercentileChart({ selectors, stale, ...how }: PercentileChartProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "p99", selector: selectors.p99, color: "p99" },
      { label: "p95", selector: selectors.p95, color: "p95" },
      { label: "p50", selector: selectors.p50, color: "p50" },
    ],
    [selectors],
  );
  return <TimeSeries {...how} span={4} lines={lines} format={duration} staleSince={stale} />;
}
