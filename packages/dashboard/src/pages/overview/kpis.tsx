import type { Selector } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { ColorToken } from "../../charts/palette.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { StaleChip } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join, perMinute, type Quantity, rate, share, UNKNOWN } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import { LAG_CRIT_S, LAG_WARN_S } from "./judge.ts";
import { nodesInView, staleSince } from "./reporting.ts";
import { SERIES } from "./selectors.ts";

const MINUTE_MS = 60_000;
const SMOOTH_MS = 10_000;

/** The figures to see first. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  const messagesIn = latest(SERIES.messagesIn);
  const messagesOut = latest(SERIES.messagesOut);
  // A series begins with the first of its kind: what a watched server has not had yet is none, not unknown.
  const none = nodesInView(live).some(({ state, findings }) => state === "live" && findings.length > 0) ? 0 : null;
  const errors = lastMinute(live, SERIES.errors) ?? none;
  const lag = latest(SERIES.loopLag);
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
        tone={lagTone(lag)}
        note={
          <>
            limit {join(duration(LAG_WARN_S))} · <b>{join(share(latest(SERIES.loopUse)))}</b> busy
          </>
        }
      />
    </div>
  );
}

interface KpiProps {
  readonly icon: IconName;
  readonly title: string;
  readonly value: Quantity;
  readonly note: ComponentChildren;
  readonly spark: Selector;
  readonly color: ColorToken;
  readonly tone?: Tone | undefined;
}

function Kpi({ icon, title, value, note, spark, color, tone }: KpiProps): VNode {
  const { live } = useApp();
  const id = useId();
  const stale = staleSince(live);
  const shown = stale === null ? value : UNKNOWN;
  return (
    <article
      class="card kpi span-fifth"
      aria-labelledby={id}
      data-tone={tone}
      data-stale={stale === null ? undefined : ""}
    >
      <h2 class="kpi-head" id={id}>
        <Icon name={icon} />
        {title}
      </h2>
      <p class="kpi-value">
        {shown.text}
        {shown.unit === "" ? null : <small>{shown.unit}</small>}
      </p>
      <p class="kpi-note">{stale === null ? note : null}</p>
      <Sparkline selector={spark} color={color} />
      {stale === null ? null : <StaleChip since={stale} />}
    </article>
  );
}

function plus(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

function lagTone(lag: number | null): Tone | undefined {
  return lag === null || lag < LAG_WARN_S ? undefined : lag < LAG_CRIT_S ? "warn" : "crit";
}

/** How many in the last 60 s, from rates per second; `null` when none of those seconds is known. */
function lastMinute(live: LiveState, selector: Selector): number | null {
  return addUp(live, selector, MINUTE_MS).sum;
}

/** Mean over the last 10 s, for rates so low that single seconds say little. */
function meanOf(live: LiveState, selector: Selector): number | null {
  const { sum, known } = addUp(live, selector, SMOOTH_MS);
  return sum === null ? null : sum / known;
}

function addUp(live: LiveState, selector: Selector, lengthMs: number): { sum: number | null; known: number } {
  const to = live.now.peek();
  const { value, length } = live.series(selector).read(to - lengthMs + 1000, to);
  let sum: number | null = null;
  let known = 0;
  for (let i = 0; i < length; i++) {
    const each = value[i] as number;
    if (each !== each) continue;
    sum = (sum ?? 0) + each;
    known++;
  }
  return { sum, known };
}
