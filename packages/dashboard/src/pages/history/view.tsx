import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { type Tab, Tabs } from "../../components/tabs.tsx";
import { useOnScreen } from "../use-on-screen.ts";
import { Compare } from "./compare.tsx";
import { Events } from "./events.tsx";
import { Explore } from "./explore.tsx";
import { createHistoryApi } from "./history-api.ts";
import { PeriodBar } from "./period-bar.tsx";
import type { TabId } from "./place.ts";
import { readKnown } from "./series-known.ts";
import { useAsked } from "./use-asked.ts";
import { usePlace } from "./use-place.ts";
import "../../style/data.css";
import "../../style/history.css";

const TABS: readonly Tab<TabId>[] = [
  { id: "explore", label: "Explore" },
  { id: "compare", label: "Compare" },
  { id: "events", label: "Events" },
];

const ON_SCREEN = { series: [], tables: ["nodes", "hub"] } as const;
/** Intervals of a chart: about two pixels each. */
const POINTS_WIDE = 600;
const POINTS_NARROW = 240;

/** Figures over any time that is kept: looked at, compared with another time, and what happened then. */
export function History(): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const api = useMemo(() => createHistoryApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const at = usePlace();
  const points = useNarrow() ? POINTS_NARROW : POINTS_WIDE;
  const off = live.table("hub").value?.store.state === "off";
  const known = useAsked(off ? null : "series", (signal) => readKnown(api, signal)).value;
  if (off)
    return (
      <section class="card" aria-label="Why this is empty">
        <EmptyState
          icon="history"
          title="This hub keeps no history"
          why="It was started without a data directory, so that only the last 15 minutes are known. Give it one to look back further."
          snippet="wsight hub --data ./data"
        />
      </section>
    );
  return (
    <div class="page-tabs history">
      <PeriodBar at={at} known={known?.nodes ?? []} />
      <Tabs label="History" tabs={TABS} chosen={at.place.tab} onChoose={(tab) => at.change({ tab })}>
        {at.place.tab === "explore" ? (
          <Explore api={api} at={at} known={known?.metrics ?? null} points={points} />
        ) : null}
        {at.place.tab === "compare" ? <Compare api={api} at={at} points={points} /> : null}
        {at.place.tab === "events" ? <Events api={api} at={at} /> : null}
      </Tabs>
    </div>
  );
}
