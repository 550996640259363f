import { useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { type HeatCell, Heatmap } from "../../charts/heatmap.tsx";
import type { PlotLimit } from "../../charts/plot-marks.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { duration } from "../../format/quantity.ts";
import { LATENCY_OCTAVES } from "../overview/selectors.ts";
import { type Reporting, useReporting } from "../use-reporting.ts";
import { Broadcasts } from "./broadcasts.tsx";
import { Handlers } from "./handlers.tsx";
import { Kpis } from "./kpis.tsx";
import { HEALTHY_S, TROUBLE_S } from "./limits.ts";
import { RoundTrips } from "./round-trips.tsx";
import { type LatencySelectors, MEASURED, ON_SCREEN, REPORTED } from "./selectors.ts";
import { SlowList } from "./slow-list.tsx";
import { shownLatency, sourceRates } from "./source.ts";

const LIMITS: readonly PlotLimit[] = [
  { value: HEALTHY_S, label: "healthy below 100 ms", color: "text-3" },
  { value: TROUBLE_S, label: "look into it above 200 ms" },
];

/** How long things take: latency, handlers, broadcasts, round trips, and what was slow. */
export function Performance(): VNode {
  const { live } = useApp();
  const { stale, empty } = useReporting("timed messages");
  const [cell, setCell] = useState<HeatCell | null>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => live.use(ON_SCREEN), [live]);
  const choose = (chosen: HeatCell) => {
    setCell(chosen);
    list.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <Kpis />
      <div class="grid">
        <Percentiles stale={stale} empty={empty} />
        <Heatmap
          title="Latency distribution"
          span={5}
          selectors={LATENCY_OCTAVES}
          unit="messages"
          staleSince={stale}
          empty={empty}
          onCell={choose}
          chosen={cell}
        />
      </div>
      <div class="grid" ref={list}>
        <SlowList cell={cell} onAll={() => setCell(null)} />
      </div>
      <div class="grid">
        <Handlers />
        <div class="column span-5">
          <RoundTrips />
          <Broadcasts />
        </div>
      </div>
    </>
  );
}

function Percentiles({ stale, empty }: Reporting): VNode {
  const { live } = useApp();
  // Computed, so that the chart around it is made anew only when another latency is shown.
  const reported = useComputed(() => {
    live.tick.value;
    return shownLatency(sourceRates(live)) === REPORTED;
  }).value;
  return (
    <TimeSeries
      key={reported ? "reported" : "measured"}
      title="Latency percentiles"
      caption={
        reported
          ? "trailing 10 s · as the application reports it"
          : "trailing 10 s · dispatch to the ack where the client asked for one, else to the handler's return"
      }
      span={7}
      lines={reported ? REPORTED_LINES : MEASURED_LINES}
      format={duration}
      limit={LIMITS}
      staleSince={stale}
      empty={empty}
    />
  );
}

const MEASURED_LINES = linesOf(MEASURED);
const REPORTED_LINES = linesOf(REPORTED);

function linesOf({ p50, p95, p99 }: LatencySelectors): readonly Line[] {
  return [
    { label: "p99", selector: p99, color: "p99" },
    { label: "p95", selector: p95, color: "p95" },
    { label: "p50", selector: p50, color: "p50" },
  ];
}
