import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Snippet } from "../../components/snippet.tsx";
import type { Tone } from "../../components/tone.ts";
import { count, duration, join, perMinute, share } from "../../format/quantity.ts";
import { lastMinute } from "../figures.ts";
import { Kpi } from "../kpi.tsx";
import { pastRows } from "../past-rows.ts";
import { nodesInView } from "../reporting.ts";
import { explainClose } from "./close-words.ts";
import { SERIES } from "./selectors.ts";
import { POOL_LIMIT, poolOf } from "./workers.ts";

/** The figures to see first. */
export function Kpis(): VNode {
  const { live } = useApp();
  live.tick.value;
  const nodes = nodesInView(live);
  // A series begins with the first of its kind: what a watched server has not had yet is none, not unknown.
  const none = nodes.some(({ state, findings }) => state === "live" && findings.length > 0) ? 0 : null;
  const [users, rooms] = [live.table("users").value, live.table("rooms").value];
  // Users and rooms are counted for now alone.
  const away = live.past.value !== null;
  const closes = away ? pastRows(live, "closes")?.rows[0] : live.table("closes").value?.[0];
  return (
    <div class="grid">
      <Kpi
        icon="cable"
        title="Active"
        value={count(live.series(SERIES.active).latest() ?? none)}
        spark={SERIES.active}
        color="c1"
        note={
          <>
            <b>{count(away ? null : (users?.total ?? null)).text}</b> users ·{" "}
            <b>{count(away ? null : (rooms?.total ?? null)).text}</b> rooms
            {live.node.value === null ? "" : ", all nodes"}
          </>
        }
      />
      <Kpi
        icon="in"
        title="Opened"
        value={perMinute(lastMinute(live, SERIES.opened) ?? none)}
        spark={SERIES.opened}
        color="c2"
        note={
          <>
            <b>{perMinute(lastMinute(live, SERIES.refused) ?? none).text}</b> refused /min
          </>
        }
      />
      <Kpi
        icon="out"
        title="Closed"
        value={perMinute(lastMinute(live, SERIES.closed) ?? none)}
        spark={SERIES.closed}
        color="other"
        note={
          closes === undefined || (!away && live.node.value !== null) ? null : (
            <>
              mostly <b>{explainClose(closes.key).name}</b>
            </>
          )
        }
      />
      <Kpi
        icon="timer"
        title="Median duration"
        value={duration(live.series(SERIES.median).latest())}
        spark={SERIES.median}
        color="c4"
        note={
          <span title="Lives of connections that closed in the last 15 minutes">
            p95 <b>{join(duration(live.series(SERIES.p95).latest()))}</b> · 15 min
          </span>
        }
      />
      <PoolKpi />
    </div>
  );
}

function PoolKpi(): VNode {
  const { live } = useApp();
  const nodes = nodesInView(live);
  const { use, open, capacity, sources } = poolOf(nodes);
  const limit = join(share(POOL_LIMIT));
  return (
    <Kpi
      icon="plug"
      title="Pool utilisation"
      liveOnly
      value={share(use)}
      tone={toneOf(use)}
      note={
        nodes.length === 0 ? null : capacity === null ? (
          <span title={sources}>capacity unknown; say it:</span>
        ) : (
          <span title={sources}>
            <b>{join(count(open))}</b> of {join(count(capacity))} · limit {limit}
          </span>
        )
      }
      foot={
        nodes.length === 0 ? null : capacity === null ? (
          <Snippet text="monitor({ io }, { capacity: 5000 })" />
        ) : (
          <Bar share={use} mark={POOL_LIMIT} tone={toneOf(use) ?? "ok"} />
        )
      }
    />
  );
}

function toneOf(use: number | null): Tone | undefined {
  return use === null || use <= POOL_LIMIT ? undefined : use < 1 ? "warn" : "crit";
}
