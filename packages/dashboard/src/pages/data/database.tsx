import { useComputed } from "@preact/signals";
import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import type { Emptiness } from "../../components/empty-state.tsx";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join, perMinute, rate, share } from "../../format/quantity.ts";
import { lastMinute, meanOf, ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import type { Source } from "../use-source.ts";
import { LatencyKpi } from "./latency-kpi.tsx";
import { explainHint, Operations } from "./operations.tsx";
import { PercentileChart } from "./percentile-chart.tsx";
import { Queries } from "./queries.tsx";
import { type DatabaseSelectors, databaseSelectors, type OperationSelectors } from "./selectors.ts";
import { StatusKpi } from "./status-kpi.tsx";
import { useSelectors } from "./use-selectors.ts";

/** Operations, their time, the pool they wait for, and the statements that cost most. */
export function DatabaseTab({ source }: { readonly source: Source }): VNode {
  const selectors = useSelectors(databaseSelectors, source.name ?? onlyOne(source.names));
  const empty = explainHint(source.hint);
  return (
    <>
      <Kpis source={source} selectors={selectors} />
      <div class="grid">
        <RateChart selectors={selectors} stale={source.stale} empty={empty} span={4} />
        <PercentileChart title="Latency" selectors={selectors} stale={source.stale} empty={empty} />
        <PoolChart selectors={selectors} stale={source.stale} />
      </div>
      <div class="grid">
        <Queries source={source} />
      </div>
      <div class="grid">
        <Operations source={source} of="database" />
      </div>
    </>
  );
}

/** The one there is, whatever database it speaks to. */
function onlyOne(names: readonly string[]): string | null {
  return names.length === 1 ? (names[0] ?? null) : null;
}

function Kpis({ source, selectors }: { readonly source: Source; readonly selectors: DatabaseSelectors }): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  const [used, max, waiting] = [latest(selectors.used), latest(selectors.max), latest(selectors.waiting)];
  const all = lastMinute(live, selectors.all);
  // A series of errors begins with the first: an application that asks and has had none has none.
  const errors = lastMinute(live, selectors.errors) ?? (all === null ? null : 0);
  const stale = { staleSince: source.stale };
  return (
    <div class="grid">
      <Kpi
        {...stale}
        icon="database"
        title="Operations"
        value={rate(meanOf(live, selectors.all))}
        spark={selectors.all}
        color="c1"
        note={
          <>
            <b>{rate(meanOf(live, selectors.read)).text}</b> read · <b>{rate(meanOf(live, selectors.write)).text}</b>{" "}
            write
          </>
        }
      />
      <LatencyKpi {...stale} title="Query p95, 1 min" selectors={selectors} />
      <Kpi
        {...stale}
        icon="cable"
        title="Pool in use"
        value={{ text: count(used).text, unit: max === null ? "" : `of ${join(count(max))}` }}
        spark={selectors.used}
        color="c4"
        tone={poolTone(used, max, waiting)}
        note={
          <>
            <b>{join(count(waiting))}</b> waiting, p95 <b>{join(duration(latest(selectors.waitP95)))}</b>
          </>
        }
      />
      <Kpi
        {...stale}
        icon="alert"
        title="Errors"
        value={perMinute(errors)}
        spark={selectors.errors}
        color="other"
        note={
          <>
            <b>{join(share(ratio(errors, all)))}</b> of operations
          </>
        }
      />
      <StatusKpi source={source} width="fifth" />
    </div>
  );
}

/** Waiting callers are the trouble; a pool that is merely used up is about to be. */
function poolTone(used: number | null, max: number | null, waiting: number | null): Tone | undefined {
  const full = used !== null && max !== null && used >= max;
  if ((waiting ?? 0) > 0) return full ? "crit" : "warn";
  return full ? "warn" : undefined;
}

interface ChartProps<Selectors> {
  readonly selectors: Selectors;
  readonly stale: number | null;
  readonly empty: Emptiness;
}

/** Operations a second by what they do. */
export function RateChart(
  props: ChartProps<OperationSelectors> & { readonly span: 4 | 6; readonly words?: readonly [string, string] },
): VNode {
  const { selectors, stale, empty, span, words = ["Read", "Write"] } = props;
  const lines = useMemo(
    (): readonly Line[] => [
      { label: words[0], selector: selectors.read, color: "c1", fill: true },
      { label: words[1], selector: selectors.write, color: "c6", fill: true },
      { label: "Other", selector: selectors.other, color: "other" },
    ],
    [selectors],
  );
  return <TimeSeries title="Operations" span={span} lines={lines} format={rate} staleSince={stale} empty={empty} />;
}

const NO_POOL: Emptiness = {
  icon: "plug",
  title: "No pool is known",
  why: "Connections are counted of a Pool of pg. With Prisma, hand the pool of its adapter over as well.",
  snippet: "await monitor({ pool })",
};

function PoolChart({ selectors, stale }: Omit<ChartProps<DatabaseSelectors>, "empty">): VNode {
  const { live } = useApp();
  const max = useComputed(() => {
    live.tick.value;
    return live.series(selectors.max).latest();
  }).value;
  const lines = useMemo(
    (): readonly Line[] => [
      { label: "Used", selector: selectors.used, color: "c1", fill: true },
      { label: "Idle", selector: selectors.idle, color: "c2" },
      { label: "Waiting", selector: selectors.waiting, color: "c3" },
    ],
    [selectors],
  );
  return (
    <TimeSeries
      key={max}
      title="Pool"
      span={4}
      lines={lines}
      format={count}
      staleSince={stale}
      empty={NO_POOL}
      {...(max === null ? {} : { limit: { value: max, label: `at most ${join(count(max))}` } })}
    />
  );
}
