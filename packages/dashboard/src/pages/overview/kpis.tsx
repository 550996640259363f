import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join, perMinute, rate, share } from "../../format/quantity.ts";
import { lastMinute, meanOf, plus, ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import { LAG_CRIT_S, LAG_WARN_S } from "../loop-lag.ts";
import { noneOf } from "../reporting.ts";
import { SERIES } from "./selectors.ts";

/** The figures to see first. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  const messagesIn = latest(SERIES.messagesIn);
  const messagesOut = latest(SERIES.messagesOut);
  // A series begins with the first of its kind: what a watched server has not had yet is none, not unknown.
  const none = noneOf(live);
  const errors = lastMinute(live, SERIES.errors) ?? none;
  const lag = latest(SERIES.loopLag);
  const check = live.table("health").value?.checks.find(({ id }) => id === "event-loop");
  // The limit of the rule, whoever changed it.
  const limit = check?.limit ?? LAG_WARN_S;
  return (
    <div class="grid">
      <Kpi
        icon="cable"
        title="Connections"
        value={count(latest(SERIES.connections))}
        spark={SERIES.connections}
        color="c1"
        note={
          <>
            <b>{rate(meanOf(live, SERIES.opened) ?? none).text}</b> opened ·{" "}
            <b>{rate(meanOf(live, SERIES.closed) ?? none).text}</b> closed /s
          </>
        }
      />
      <Kpi
        icon="messages"
        title="Messages"
        value={rate(plus(messagesIn, messagesOut))}
        spark={SERIES.messages}
        color="c2"
        note={
          <>
            <b>{rate(messagesIn).text}</b> in · <b>{rate(messagesOut).text}</b> out
          </>
        }
      />
      <Kpi
        icon="timer"
        title="Latency p95"
        value={duration(latest(SERIES.p95))}
        spark={SERIES.p95}
        color="p95"
        note={
          <>
            p50 <b>{join(duration(latest(SERIES.p50)))}</b> · p99 <b>{join(duration(latest(SERIES.p99)))}</b>
          </>
        }
      />
      <Kpi
        icon="alert"
        title="Errors"
        value={perMinute(errors)}
        spark={SERIES.errors}
        color="other"
        note={
          <>
            <b>{join(share(ratio(errors, lastMinute(live, SERIES.messagesIn))))}</b> of messages in
          </>
        }
      />
      <Kpi
        icon="gauge"
        title="Event-loop lag p99"
        value={duration(lag)}
        spark={SERIES.loopLag}
        color="c4"
        tone={lagTone(lag, limit)}
        note={
          <>
            limit {join(duration(limit))} · <b>{join(share(latest(SERIES.loopUse)))}</b> busy
          </>
        }
      />
    </div>
  );
}

function lagTone(lag: number | null, limit: number): Tone | undefined {
  return lag === null || lag < limit ? undefined : lag < Math.max(limit, LAG_CRIT_S) ? "warn" : "crit";
}
