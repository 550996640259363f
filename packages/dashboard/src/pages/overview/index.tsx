import { useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { lazy } from "../../components/lazy.tsx";
import { duration, rate } from "../../format/quantity.ts";
import type { Page } from "../page.ts";
import { explainEmpty, staleSince } from "../reporting.ts";
import { Kpis } from "./kpis.tsx";
import { SERIES } from "./selectors.ts";
import { StatusCard } from "./status-card.tsx";

/** Everything at a glance. */
export const overview: Page = {
  id: "overview",
  title: "Overview",
  icon: "dashboard",
  key: "o",
  place: "nav",
  onScreen: {
    series: Object.values(SERIES),
    tables: ["nodes", "hub", "components", "health"],
  },
  timed: true,
  Component: Overview,
};

/** What stands further down comes once there is something to show: the first view has the line to itself. */
const Below = lazy(async () => (await import("./below.tsx")).Below);

const RATE_LINES: readonly Line[] = [
  { label: "Out", selector: SERIES.messagesOut, color: "c2", fill: true },
  { label: "In", selector: SERIES.messagesIn, color: "c1", fill: true },
];

const LATENCY_LINES: readonly Line[] = [
  { label: "p99", selector: SERIES.p99, color: "p99" },
  { label: "p95", selector: SERIES.p95, color: "p95" },
  { label: "p50", selector: SERIES.p50, color: "p50" },
];

function Overview(): VNode {
  const { live } = useApp();
  const stale = staleSince(live);
  const begun = useComputed(() => live.table("nodes").value !== null).value;
  return (
    <>
      <StatusCard />
      <Kpis />
      <div class="grid">
        <TimeSeries
          title="Message rate"
          span={7}
          lines={RATE_LINES}
          format={rate}
          staleSince={stale}
          empty={explainEmpty(live, "messages")}
        />
        <TimeSeries
          title="Handling latency"
          caption="dispatch to acknowledgement, else to the handler's return · trailing 10 s"
          span={5}
          lines={LATENCY_LINES}
          format={duration}
          staleSince={stale}
          empty={explainEmpty(live, "timed messages")}
        />
      </div>
      {begun ? <Below /> : null}
    </>
  );
}
