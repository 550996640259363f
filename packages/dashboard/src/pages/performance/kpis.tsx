import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import type { Tone } from "../../components/tone.ts";
import { duration, join, rate, share } from "../../format/quantity.ts";
import { Kpi } from "../kpi.tsx";
import { LAG_CRIT_S, LAG_WARN_S } from "../overview/judge.ts";
import { HEALTHY_S, TROUBLE_S } from "./limits.ts";
import { SERIES } from "./selectors.ts";
import { describeSource, nameSource, shownLatency, sourceRates } from "./source.ts";

/** The times to see first. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const rates = sourceRates(live);
  const shown = shownLatency(rates);
  const [p50, p95, p99, max] = [shown.p50Minute, shown.p95Minute, shown.p99Minute, shown.maxMinute].map((selector) =>
    live.series(selector).latest(),
  );
  const broadcast = live.series(SERIES.broadcastP95).latest();
  const lag = live.series(SERIES.loopLag).latest();
  return (
    <div class="grid">
      <Kpi
        width="sixth"
        icon="timer"
        title="Latency p50, 1 min"
        value={duration(p50 ?? null)}
        spark={shown.p50}
        color="p50"
        tone={toneOf(p50 ?? null, HEALTHY_S, TROUBLE_S)}
        note={`healthy below ${join(duration(HEALTHY_S))}`}
      />
      <Kpi
        width="sixth"
        icon="timer"
        title="Latency p95, 1 min"
        value={duration(p95 ?? null)}
        spark={shown.p95}
        color="p95"
        tone={toneOf(p95 ?? null, HEALTHY_S, TROUBLE_S)}
        note={<span title={describeSource(rates)}>{nameSource(rates)}</span>}
      />
      <Kpi
        width="sixth"
        icon="timer"
        title="Latency p99, 1 min"
        value={duration(p99 ?? null)}
        spark={shown.p99}
        color="p99"
        tone={toneOf(p99 ?? null, HEALTHY_S, TROUBLE_S)}
        note={`look into it above ${join(duration(TROUBLE_S))}`}
      />
      <Kpi
        width="sixth"
        icon="alert"
        title="Latency max, 1 min"
        value={duration(max ?? null)}
        spark={shown.maxMinute}
        color="p99"
        note="the slowest one"
      />
      <Kpi
        width="sixth"
        icon="split"
        title="Broadcast p95"
        value={duration(broadcast)}
        spark={SERIES.broadcastNow}
        color="c2"
        note={
          <>
            <b>{join(rate(live.series(SERIES.broadcasts).latest()))}</b> broadcasts, 1 min
          </>
        }
      />
      <Kpi
        width="sixth"
        icon="gauge"
        title="Event loop p99"
        value={duration(lag)}
        spark={SERIES.loopLag}
        color="c4"
        tone={toneOf(lag, LAG_WARN_S, LAG_CRIT_S)}
        note={
          <>
            lag · <b>{join(share(live.series(SERIES.loopUse).latest()))}</b> busy
          </>
        }
      />
    </div>
  );
}

function toneOf(seconds: number | null, warn: number, crit: number): Tone | undefined {
  if (seconds === null || seconds < warn) return undefined;
  return seconds < crit ? "warn" : "crit";
}
