import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { duration, join } from "../../format/quantity.ts";
import { Kpi } from "../kpi.tsx";

interface LatencyKpiProps {
  readonly title: string;
  readonly selectors: {
    readonly p95: Selector;
    readonly p50Minute: Selector;
    readonly p95Minute: Selector;
    readonly p99Minute: Selector;
  };
  readonly staleSince: number | null;
  readonly width?: "sixth";
}

/** 95th percentile of the last minute, with what is below and above it. */
export function LatencyKpi({ title, selectors, ...how }: LatencyKpiProps): VNode {
  const { live } = useApp();
  const latest = (selector: Selector) => duration(live.series(selector).latest());
  return (
    <Kpi
      {...how}
      icon="timer"
      title={title}
      value={latest(selectors.p95Minute)}
      spark={selectors.p95}
      color="p95"
      note={
        <>
          p50 <b>{join(latest(selectors.p50Minute))}</b> · p99 <b>{join(latest(selectors.p99Minute))}</b>
        </>
      }
    />
  );
}
