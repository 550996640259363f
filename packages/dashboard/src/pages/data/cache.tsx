import { useComputed } from "@preact/signals";
import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { combined, shareOfFirst } from "../../charts/combined.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import type { Emptiness } from "../../components/empty-state.tsx";
import type { Tone } from "../../components/tone.ts";
import { bytes, count, duration, join, perMinute, rate, share } from "../../format/quantity.ts";
import { lastMinute, meanOf, plus, ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import type { Source } from "../use-source.ts";
import { RateChart } from "./database.tsx";
import { explainHint, Operations } from "./operations.tsx";
import { type CacheSelectors, cacheSelectors } from "./selectors.ts";
import { StatusKpi } from "./status-kpi.tsx";
import { useSelectors } from "./use-selectors.ts";

/** From this share of the memory it may use on, keys are about to be evicted. */
const MEMORY_WARN = 0.9;

/** Hits and misses, the time of reading and writing, and what the server holds. */
export function CacheTab({ source }: { readonly source: Source }): VNode {
  const selectors = useSelectors(cacheSelectors, source.name);
  const empty = explainHint(source.hint);
  const { stale } = source;
  return (
    <>
      <Kpis source={source} selectors={selectors} />
      <div class="grid">
        <HitRatio selectors={selectors} stale={stale} />
        <RateChart selectors={selectors} stale={stale} empty={empty} span={6} words={["Get", "Set"]} />
        <Timing selectors={selectors} stale={stale} empty={empty} />
        <MemoryChart selectors={selectors} stale={stale} />
        <Leaving selectors={selectors} stale={stale} />
        <Operations source={source} of="cache" span={6} />
      </div>
    </>
  );
}

function Kpis({ source, selectors }: { readonly source: Source; readonly selectors: CacheSelectors }): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  // Counted second by second: rates of few, as they travel, are too coarse for their ratio.
  const [hits, misses] = [lastMinute(live, selectors.hitsNow), lastMinute(live, selectors.missesNow)];
  const [memory, most] = [latest(selectors.memory), latest(selectors.maxMemory)];
  // A server that does not answer evicts and expires what nobody knows.
  const told = (value: number | null) => (memory === null ? null : value);
  const [evicted, expired] = [told(latest(selectors.evicted)), told(latest(selectors.expired))];
  const stale = { staleSince: source.stale, width: "sixth" } as const;
  return (
    <div class="grid">
      <Kpi
        {...stale}
        icon="cache"
        title="Hit ratio, 1 min"
        value={share(ratio(hits ?? (misses === null ? null : 0), plus(hits, misses)))}
        spark={selectors.hits}
        color="c2"
        note={
          <>
            <b>{join(count(hits))}</b> hits · <b>{join(count(misses))}</b> misses
          </>
        }
      />
      <Kpi
        {...stale}
        icon="timer"
        title="Get p95, 1 min"
        value={duration(latest(selectors.readP95Minute))}
        spark={selectors.readP95}
        color="p95"
        note={
          <>
            set p95 <b>{join(duration(latest(selectors.writeP95Minute)))}</b>
          </>
        }
      />
      <Kpi
        {...stale}
        icon="messages"
        title="Operations"
        value={rate(meanOf(live, selectors.all))}
        spark={selectors.all}
        color="c1"
        note={
          <>
            <b>{rate(meanOf(live, selectors.read)).text}</b> get · <b>{rate(meanOf(live, selectors.write)).text}</b> set
          </>
        }
      />
      <Kpi
        {...stale}
        icon="key"
        title="Keys"
        value={count(latest(selectors.keys))}
        spark={selectors.keys}
        color="c4"
        note={
          <>
            <b>{perMinute(perMinuteOf(expired)).text}</b> expired /min
          </>
        }
      />
      <Kpi
        {...stale}
        icon="gauge"
        title="Memory"
        value={bytes(memory)}
        spark={selectors.memory}
        color="c6"
        tone={memoryTone(memory, most, evicted)}
        note={
          <>
            {most === null ? "" : `of ${join(bytes(most))} · `}
            <b>{perMinute(perMinuteOf(evicted)).text}</b> evicted /min
          </>
        }
      />
      <StatusKpi source={source} width="sixth" />
    </div>
  );
}

function perMinuteOf(perSecond: number | null): number | null {
  return perSecond === null ? null : perSecond * 60;
}

function memoryTone(used: number | null, most: number | null, evicted: number | null): Tone | undefined {
  if ((evicted ?? 0) > 0) return "warn";
  return used !== null && most !== null && used >= most * MEMORY_WARN ? "warn" : undefined;
}

interface ChartProps {
  readonly selectors: CacheSelectors;
  readonly stale: number | null;
}

const NO_LOOKUPS: Emptiness = {
  icon: "waiting",
  title: "No look-up yet",
  why: "The ratio is of keys that were asked for, as the replies say whether they were found.",
};

/** What a server counts is known as long as it tells: the last of the values. */
function firstWhileTold(values: Float64Array): number {
  return Number.isNaN(values.at(-1)) ? Number.NaN : (values[0] ?? Number.NaN);
}

function shareWhileTold(values: Float64Array): number {
  return Number.isNaN(values.at(-1)) ? Number.NaN : shareOfFirst(values.subarray(0, -1));
}

/** Own look-ups, and those of all clients as the server counts them. */
function HitRatio({ selectors, stale }: ChartProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      {
        label: "This application",
        selector: selectors.hits,
        color: "c2",
        fill: true,
        ring: (live) => combined(live, [selectors.hits, selectors.misses], shareOfFirst),
      },
      {
        label: "All clients",
        selector: selectors.serverHits,
        color: "other",
        ring: (live) =>
          combined(live, [selectors.serverHits, selectors.serverMisses, selectors.memory], shareWhileTold),
      },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Hit ratio"
      caption="trailing 10 s · of all clients as the server counts them, trailing minute"
      span={6}
      lines={lines}
      format={share}
      top={1}
      staleSince={stale}
      empty={NO_LOOKUPS}
    />
  );
}

function Timing({ selectors, stale, empty }: ChartProps & { readonly empty: Emptiness }): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "p99", selector: selectors.p99, color: "p99" },
      { label: "Get p95", selector: selectors.readP95, color: "c1" },
      { label: "Set p95", selector: selectors.writeP95, color: "c6" },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Latency"
      caption="command sent to reply, as the application sees it"
      span={6}
      lines={lines}
      format={duration}
      staleSince={stale}
      empty={empty}
    />
  );
}

const NO_INFO: Emptiness = {
  icon: "waiting",
  title: "The server has not told",
  why: "Keys, memory and evictions are read from the server's INFO each 5 s, of Upstash each 30 s. A server that refuses it is marked as partly known in Runtime, on the page System.",
};

function MemoryChart({ selectors, stale }: ChartProps): VNode {
  const { live } = useApp();
  const most = useComputed(() => {
    live.tick.value;
    return live.series(selectors.maxMemory).latest();
  }).value;
  const told = useComputed(() => {
    live.tick.value;
    return live.series(selectors.memory).latest() !== null;
  }).value;
  const lines = useMemo(
    (): readonly Line[] => [{ label: "Used", selector: selectors.memory, color: "c6", fill: true }],
    [selectors],
  );
  return (
    <TimeSeries
      key={most}
      title="Memory"
      caption={describeMemory(told, most)}
      span={6}
      lines={lines}
      format={bytes}
      staleSince={stale}
      empty={NO_INFO}
      {...(most === null ? {} : { limit: { value: most, label: `maxmemory ${join(bytes(most))}` } })}
    />
  );
}

function describeMemory(told: boolean, most: number | null): string {
  if (!told) return "of the server, which tells nothing now";
  return most === null ? "of the server · it has no limit" : `of the server · at most ${join(bytes(most))}`;
}

/** Keys that went: for want of memory, or because their time was over. */
function Leaving({ selectors, stale }: ChartProps): VNode {
  const lines = useMemo(
    (): readonly Line[] => [
      {
        label: "Evicted",
        selector: selectors.evicted,
        color: "c3",
        fill: true,
        ring: (live) => combined(live, [selectors.evicted, selectors.memory], firstWhileTold),
      },
      {
        label: "Expired",
        selector: selectors.expired,
        color: "c4",
        ring: (live) => combined(live, [selectors.expired, selectors.memory], firstWhileTold),
      },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      title="Evictions"
      caption="keys that went for want of memory, or because their time was over · trailing minute"
      span={6}
      lines={lines}
      format={rate}
      staleSince={stale}
      empty={NO_INFO}
    />
  );
}
