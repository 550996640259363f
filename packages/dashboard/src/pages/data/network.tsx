import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { combined, rest, sum } from "../../charts/combined.ts";
import { createStack } from "../../charts/stack.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import type { Tone } from "../../components/tone.ts";
import { byteRate, count, join, perMinute, rate, share } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import { lastMinute, meanOf, ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import type { Source } from "../use-source.ts";
import { LatencyKpi } from "./latency-kpi.tsx";
import { explainHint } from "./operations.tsx";
import { PercentileChart } from "./percentile-chart.tsx";
import { Routes } from "./routes.tsx";
import { type NetworkSelectors, networkSelectors, STATUS_CLASSES } from "./selectors.ts";
import { StatusKpi } from "./status-kpi.tsx";
import { useSelectors } from "./use-selectors.ts";

/** From this share of replies on that say the server failed, something is wrong. */
const FAILED_WARN = 0.01;
const FAILED_CRIT = 0.05;

/** Requests, how they were answered and how long that took, route by route. */
export function NetworkTab({ source }: { readonly source: Source }): VNode {
  const selectors = useSelectors(networkSelectors, source.name);
  const empty = explainHint(source.hint);
  const { stale } = source;
  return (
    <>
      <Kpis source={source} selectors={selectors} />
      <div class="grid">
        <StatusChart selectors={selectors} stale={stale} empty={empty} />
        <Methods selectors={selectors} stale={stale} empty={empty} />
      </div>
      <div class="grid">
        <PercentileChart
          title="Response time"
          caption="arrival to the end of the reply"
          selectors={selectors}
          stale={stale}
          empty={empty}
        />
        <Bytes selectors={selectors} stale={stale} empty={empty} />
        <Sockets selectors={selectors} stale={stale} empty={empty} />
      </div>
      <div class="grid">
        <Routes source={source} />
      </div>
    </>
  );
}

/** Replies of one class in the last minute; none of it where there are replies at all. */
function classCount(live: LiveState, codes: readonly Selector[], requests: number | null): number | null {
  const known = sum(Float64Array.from(codes.map((code) => lastMinute(live, code) ?? Number.NaN)));
  return known === known ? known : requests === null ? null : 0;
}

function Kpis({ source, selectors }: { readonly source: Source; readonly selectors: NetworkSelectors }): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  const requests = lastMinute(live, selectors.all);
  const classes = STATUS_CLASSES.map(({ label }, index) => ({
    label,
    value: classCount(live, selectors.codes[index] ?? [], requests),
  }));
  const failed = ratio(classes.at(-1)?.value ?? null, requests);
  const aborted = lastMinute(live, selectors.aborted) ?? (requests === null ? null : 0);
  const stale = { staleSince: source.stale, width: "sixth" } as const;
  return (
    <div class="grid">
      <Kpi
        {...stale}
        icon="network"
        title="Requests"
        value={rate(meanOf(live, selectors.all))}
        spark={selectors.all}
        color="c1"
        note={
          <>
            <b>{join(count(requests === null ? null : Math.round(requests)))}</b> in the last minute
          </>
        }
      />
      <LatencyKpi {...stale} title="Response p95" selectors={selectors} />
      <Kpi
        {...stale}
        icon="alert"
        title="Failed"
        value={share(failed)}
        tone={failedTone(failed)}
        note="5xx, last minute"
        foot={
          <span class="classes">
            {classes.map(({ label, value }) => (
              <span key={label}>
                {label} <b>{count(value === null ? null : Math.round(value)).text}</b>
              </span>
            ))}
          </span>
        }
      />
      <Kpi
        {...stale}
        icon="out"
        title="Bytes out"
        value={byteRate(meanOf(live, selectors.bytesOut))}
        spark={selectors.bytesOut}
        color="c2"
        note={
          <>
            <b>{join(byteRate(meanOf(live, selectors.bytesIn)))}</b> in
          </>
        }
      />
      <Kpi
        {...stale}
        icon="cable"
        title="In progress"
        value={count(latest(selectors.active))}
        spark={selectors.active}
        color="c4"
        note={
          <>
            <b>{join(perMinute(aborted))}</b> cut off
          </>
        }
      />
      <StatusKpi source={source} width="sixth" />
    </div>
  );
}

function failedTone(failed: number | null): Tone | undefined {
  if (failed === null || failed < FAILED_WARN) return undefined;
  return failed < FAILED_CRIT ? "warn" : "crit";
}

interface ChartProps {
  readonly selectors: NetworkSelectors;
  readonly stale: number | null;
  readonly empty: Emptiness;
}

function StatusChart({ selectors, stale, empty }: ChartProps): VNode {
  const stack = useMemo(createStack, []);
  const lines = useMemo(
    (): readonly Line[] => [
      ...STATUS_CLASSES.map(
        ({ label, color }, index): Line => ({
          label,
          color,
          selector: selectors.all,
          fill: "stacked",
          ring: (live) => combined(live, selectors.codes[index] ?? [], sum),
        }),
      ),
      {
        label: "other",
        color: "other",
        selector: selectors.all,
        fill: "stacked",
        ring: (live) => combined(live, [selectors.all, ...selectors.codes.flat()], rest),
      },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Replies by status"
      span={8}
      lines={lines}
      stack={stack}
      format={rate}
      staleSince={stale}
      empty={empty}
    />
  );
}

function Methods({ selectors, stale, empty }: ChartProps): VNode {
  const { live } = useApp();
  live.tick.value;
  const rows = selectors.methods
    .map(({ method, rate: selector }) => ({ method, value: live.series(selector).latest() ?? 0 }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value);
  const whole = rows.reduce((total, { value }) => total + value, 0);
  return (
    <Card title="Methods" span={4} staleSince={stale} aside={<span class="card-note">last minute</span>}>
      {rows.length === 0 ? (
        <EmptyState {...empty} />
      ) : (
        <div class="card-body">
          <ul class="tally">
            {rows.map(({ method, value }) => (
              <li key={method}>
                <span class="mono">{method === "_OTHER" ? "other" : method}</span>
                <span>
                  {stale === null ? join(rate(value)) : "–"}{" "}
                  {stale === null ? <span class="fine">· {join(share(value / whole))}</span> : null}
                </span>
                <Bar share={stale === null ? value / whole : null} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

function Bytes({ selectors, stale, empty }: ChartProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "Out", selector: selectors.bytesOut, color: "c2", fill: true },
      { label: "In", selector: selectors.bytesIn, color: "c1", fill: true },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Bytes"
      caption="of the sockets of requests, heads included"
      span={4}
      lines={lines}
      format={byteRate}
      staleSince={stale}
      empty={empty}
    />
  );
}

function Sockets({ selectors, stale, empty }: ChartProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "Open", selector: selectors.connections, color: "c1", fill: true },
      { label: "In progress", selector: selectors.active, color: "c4" },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Sockets"
      caption="open connections, upgraded ones included, and requests in progress"
      span={4}
      lines={lines}
      format={count}
      staleSince={stale}
      empty={empty}
    />
  );
}
