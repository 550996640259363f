import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import type { Tone } from "../../components/tone.ts";
import { duration, join, rate, share } from "../../format/quantity.ts";
import { Kpi } from "../kpi.tsx";
import { LAG_CRIT_S, LAG_WARN_S } from "../loop-lag.ts";
import { HEALTHY_S, TROUBLE_S } from "./limits.ts";
import { SERIES } from "./selectors.ts";
import { describeSource, nameSource, shownLatency, sourceRates } from "./source.ts";

/** The times to see first. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const rates = sourceRates(live);
  const shown = shownLatency(rates);
  const latest = (selector: Selector) => live.series(selector).latest();
  const percentiles = [
    { id: "p50", value: latest(shown.p50Minute), note: `healthy below ${join(duration(HEALTHY_S))}` },
    {
      id: "p95",
      value: latest(shown.p95Minute),
      note: <span title={describeSource(rates)}>{nameSource(rates)}</span>,
    },
    { id: "p99", value: latest(shown.p99Minute), note: `look into it above ${join(duration(TROUBLE_S))}` },
  ] as const;
  const broadcast = latest(SERIES.broadcastP95);
  const lag = latest(SERIES.loopLag);
  return (
    <div class="grid">
      {percentiles.map(({ id, value, note }) => (
        <Kpi
          key={id}
          width="sixth"
          icon="timer"
          title={`Latency ${id}, 1 min`}
          value={duration(value)}
          spark={shown[id]}
          color={id}
          tone={toneOf(value, HEALTHY_S, TROUBLE_S)}
          note={note}
        />
      ))}
      <Kpi
        width="sixth"
        icon="alert"
        title="Latency max, 1 min"
        value={duration(latest(shown.maxMinute))}
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
            <b>{join(rate(latest(SERIES.broadcasts)))}</b> broadcasts, 1 min
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
            lag · <b>{join(share(latest(SERIES.loopUse)))}</b> busy
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
