import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import type { Past, TimeRange } from "../state/index.ts";
import { Icon } from "./icon.tsx";

const DAY_MS = 86_400_000;

/** Says which time the page shows instead of now, how finely and how completely; or why it can't. */
export function PastBanner(): VNode | null {
  const { live, route, time, clock } = useApp();
  const range = route.range.value;
  if (range === null) return null;
  const past = live.past.value;
  const fault = time.fault.value;
  const none = time.kept.value === false;
  return (
    <div class="banner" data-tone={fault !== null || none ? "crit" : "past"}>
      <Icon name={fault !== null || none ? "warn" : "history"} />
      <p role="status">
        {none ? (
          <>
            <b>This hub keeps no history.</b> Only the last 15 minutes can be looked at, live.
          </>
        ) : fault !== null ? (
          <>
            <b>{describeRange(clock.value, range)} could not be read.</b> {fault.message}
            {live.past.value === null ? ". What you see is live." : ". What you see is of another time."}
          </>
        ) : past === null ? (
          <>
            <b>Reading {describeRange(clock.value, range)}</b>…
          </>
        ) : (
          <>
            <b>Viewing {describeRange(clock.value, shownOf(range, past))}</b>
            <Facts range={shownOf(range, past)} />
          </>
        )}
      </p>
      {fault === null || none ? null : (
        <button type="button" class="button" onClick={() => time.retry()}>
          <Icon name="retry" />
          Try again
        </button>
      )}
      <button type="button" class="button" onClick={() => time.goLive()}>
        Back to live
        <kbd class="wide-only">L</kbd>
      </button>
    </div>
  );
}

/** The range that was asked for once its answer is there; until then that of what is still on screen. */
function shownOf(range: TimeRange, past: Past): TimeRange {
  const there = Math.abs(past.fromAt - range.fromAt) < past.stepMs && Math.abs(past.toAt - range.toAt) < past.stepMs;
  return there ? range : { fromAt: past.fromAt, toAt: past.toAt };
}

/** How long ago, how finely, and how much of it is known. */
function Facts({ range }: { readonly range: TimeRange }): VNode {
  const { live, second } = useApp();
  const past = live.past.value;
  const ago = Math.max(0, second.value - range.toAt);
  return (
    <>
      {" · "}
      {ago < 60_000 ? "up to now" : `${span(coarse(ago))} ago`}
      {past === null ? null : (
        <>
          {" · "}
          {span(past.stepMs)} resolution{" · "}
          {percent(past.coverage)} of the data. Figures are those of its end, lists those of all of it; new data keeps
          arriving.
        </>
      )}
    </>
  );
}

/** `03:02 – 03:32, Sat 21 Nov`; with both days where there are two. */
export function describeRange(
  clock: { minute(at: number): string; time(at: number): string; day(at: number): string },
  { fromAt, toAt }: TimeRange,
): string {
  const exact = fromAt % 60_000 !== 0 || toAt % 60_000 !== 0;
  const time = (at: number) => (exact && toAt - fromAt < DAY_MS ? clock.time(at) : clock.minute(at));
  const [first, last] = [clock.day(fromAt), clock.day(toAt)];
  return first === last
    ? `${time(fromAt)} – ${time(toAt)}, ${first}`
    : `${first} ${time(fromAt)} – ${last} ${time(toAt)}`;
}

/** Hours ago are told without minutes, minutes without seconds. */
function coarse(ms: number): number {
  const unit = ms >= 3 * 3_600_000 ? 3_600_000 : 60_000;
  return Math.round(ms / unit) * unit;
}

function percent(part: number): string {
  const value = part * 100;
  // All but a little is not all.
  return `${value > 99 && value < 100 ? "99" : Math.round(value)} %`;
}
