import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Icon } from "../../components/icon.tsx";
import type { Tone } from "../../components/tone.ts";
import { bytes, join, perMinute, type Quantity, rate, share, UNKNOWN } from "../../format/quantity.ts";
import { ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import { noneOf } from "../reporting.ts";
import { SERIES } from "./selectors.ts";

/** Share of messages in without an error above which all is well. */
const HEALTHY = 0.99;

/** The figures of all messages. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const latest = (selector: Selector) => live.series(selector).latest();
  // A series begins with the first of its kind: what a watched server has not had yet is none, not unknown.
  const none = noneOf(live);
  const inMinute = latest(SERIES.inMinute);
  const outMinute = latest(SERIES.outMinute);
  const errors = latest(SERIES.errorsMinute) ?? none;
  const success = successOf(errors, inMinute);
  const failing = success !== null && success <= HEALTHY;
  const tone: Tone | undefined = failing ? "warn" : undefined;
  return (
    <div class="grid">
      <Kpi
        width="sixth"
        icon="in"
        title="In"
        value={rate(latest(SERIES.inNow) ?? none)}
        spark={SERIES.in}
        color="c1"
        note={<Minute value={rate(inMinute)} />}
      />
      <Kpi
        width="sixth"
        icon="out"
        title="Out"
        value={rate(latest(SERIES.outNow) ?? none)}
        spark={SERIES.out}
        color="c2"
        note={<Minute value={rate(outMinute)} />}
      />
      <Kpi
        width="sixth"
        icon="ok"
        title="Success"
        value={precise(success)}
        tone={tone}
        note="of messages in, 1 min"
        foot={
          success === null ? null : (
            <span class="chip" data-tone={failing ? "warn" : "ok"}>
              <Icon name={failing ? "warn" : "ok"} />
              {failing ? "not above 99 %" : "healthy, above 99 %"}
            </span>
          )
        }
      />
      <Kpi
        width="sixth"
        icon="alert"
        title="Errors"
        value={perMinute(errors === null ? null : errors * 60)}
        spark={SERIES.errors}
        color="other"
        tone={tone}
        note={
          <>
            <b>{join(share(ratio(errors, inMinute)))}</b> of messages in
          </>
        }
      />
      <Kpi
        width="sixth"
        icon="ruler"
        title="Mean size"
        value={bytes(latest(SERIES.size))}
        spark={SERIES.size}
        color="c4"
        note={
          <>
            <b>{join(bytes(latest(SERIES.sizeIn)))}</b> in · <b>{join(bytes(latest(SERIES.sizeOut)))}</b> out
          </>
        }
      />
      <Kpi
        width="sixth"
        icon="split"
        title="Fan-out"
        value={times(ratio(outMinute, inMinute))}
        spark={SERIES.out}
        color="c6"
        note="out for each in, 1 min"
      />
    </div>
  );
}

function Minute({ value }: { readonly value: Quantity }): VNode {
  return (
    <>
      10 s mean · 1 min <b>{value.text}</b>
    </>
  );
}

/** Nothing in is no success and no failure. */
function successOf(errors: number | null, messages: number | null): number | null {
  const failed = ratio(errors, messages);
  return failed === null ? null : Math.max(0, 1 - failed);
}

/** Two decimals: near 100 % they are what matters. Rounded down, so that one error is never 100 %. */
function precise(value: number | null): Quantity {
  if (value === null) return UNKNOWN;
  const percent = Math.floor(value * 10_000) / 100;
  return { text: percent === 100 ? "100" : percent.toFixed(2), unit: "%" };
}

function times(value: number | null): Quantity {
  return value === null ? UNKNOWN : { text: value < 99.95 ? value.toFixed(1) : value.toFixed(0), unit: "×" };
}
