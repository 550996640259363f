import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join, perMinute, share, UNKNOWN } from "../../format/quantity.ts";
import { ratio } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import { etaShort } from "./eta.ts";
import { clearsOf, type QueueSum, queuesInView, sumOf, workersInView } from "./queue-figures.ts";
import type { QueueSelectors } from "./selectors.ts";

/** From this share of failed jobs it is warned of, and called critical: the limits of the built-in rule. */
const FAILED_WARN = 0.05;
const FAILED_CRIT = 0.1;

interface KpisProps {
  readonly queue: string | null;
  readonly selectors: QueueSelectors;
}

/** How much there is to do, how fast it is done, and by whom. */
export function Kpis({ queue, selectors }: KpisProps): VNode {
  const { live } = useApp();
  live.tick.value;
  const rows = queuesInView(live.table("queues").value, queue);
  const now = live.past.value === null ? sumOf(rows) : null;
  const latest = (name: keyof QueueSelectors) => live.series(selectors[name]).latest();
  const perMinuteOf = (name: keyof QueueSelectors) => {
    const rate = latest(name);
    return rate === null ? null : rate * 60;
  };
  const ended = now?.endedPerMinute ?? sum(perMinuteOf("done"), perMinuteOf("failed"));
  const failed = now?.failedPerMinute ?? perMinuteOf("failed");
  const done = ended === null ? null : Math.max(0, ended - (failed ?? 0));
  const failedShare = ended === 0 ? null : ratio(failed ?? (ended === null ? null : 0), ended);
  const oldest = now === null ? latest("oldestWait") : seconds(now.oldestWaitMs);
  const clears = rows.length === 1 && rows[0] !== undefined && (now?.waiting ?? 0) > 0 ? clearsOf(rows[0]) : null;
  const same = { staleSince: null, width: "sixth" } as const;
  return (
    <div class="grid">
      <Kpi
        {...same}
        icon="waiting"
        title="Waiting"
        value={count(now?.waiting ?? latest("waiting"))}
        spark={selectors.waiting}
        color="c6"
        note={clears === null ? delayedNote(now) : <>clears in {etaShort(clears)}</>}
      />
      <Kpi
        {...same}
        icon="play"
        title="Active"
        value={count(now?.active ?? latest("active"))}
        spark={selectors.active}
        color="c1"
        note={
          now === null ? null : (
            <>
              <b>{perMinute(now.addedPerMinute).text}</b> added /min
            </>
          )
        }
      />
      <Kpi
        {...same}
        icon="ok"
        title="Done, 1 min"
        value={perMinute(done)}
        spark={selectors.done}
        color="c2"
        note={
          <>
            run p95 <b>{join(duration(latest("runP95")))}</b>
          </>
        }
      />
      <Kpi
        {...same}
        icon="alert"
        title="Failed, 1 min"
        value={share(failedShare)}
        spark={selectors.failed}
        color="c3"
        tone={failedTone(failedShare)}
        note={
          ended === null ? null : (
            <>
              <b>{count(failed ?? 0).text}</b> of {count(ended).text} that ended
            </>
          )
        }
      />
      <WorkersKpi queue={queue} selectors={selectors} />
      <Kpi
        {...same}
        icon="timer"
        title="Oldest wait"
        value={now !== null && oldest === null ? { text: "none", unit: "" } : duration(oldest)}
        spark={selectors.oldestWait}
        color="c4"
        note={
          <>
            wait p95 <b>{join(duration(latest("waitP95")))}</b>
          </>
        }
      />
    </div>
  );
}

function WorkersKpi({ queue, selectors }: KpisProps): VNode {
  const { live } = useApp();
  const workers = live.past.value === null ? workersInView(live.table("workers").value, queue) : null;
  const { total = null, stalled = 0, dead = 0 } = workers ?? {};
  const well = total === null ? live.series(selectors.workers).latest() : total - stalled - dead;
  const unwell = [stalled > 0 ? `${stalled} stalled` : "", dead > 0 ? `${dead} dead` : ""].filter(
    (text) => text !== "",
  );
  return (
    <Kpi
      icon="server"
      title="Workers"
      width="sixth"
      staleSince={null}
      value={
        well === null ? UNKNOWN : { text: count(well).text, unit: (total ?? 0) === 0 ? "" : `of ${count(total).text}` }
      }
      spark={selectors.workers}
      color="c5"
      tone={dead > 0 ? "crit" : stalled > 0 ? "warn" : undefined}
      note={
        unwell.length > 0 ? (
          <b>{unwell.join(", ")}</b>
        ) : total === 0 ? (
          "none is known"
        ) : total === null ? null : (
          "all well"
        )
      }
    />
  );
}

function delayedNote(now: QueueSum | null): VNode | null {
  if (now === null) return null;
  return (
    <>
      <b>{count(now.delayed).text}</b> delayed{now.paused > 0 ? ` · ${now.paused} paused` : ""}
    </>
  );
}

function failedTone(failed: number | null): Tone | undefined {
  if (failed === null || failed < FAILED_WARN) return undefined;
  return failed < FAILED_CRIT ? "warn" : "crit";
}

function sum(one: number | null, other: number | null): number | null {
  return one === null ? other : one + (other ?? 0);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
