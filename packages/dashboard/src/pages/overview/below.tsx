import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Heatmap } from "../../charts/heatmap.tsx";
import { lazy } from "../../components/lazy.tsx";
import { useOnScreen } from "../use-on-screen.ts";
import { useReporting } from "../use-reporting.ts";
import { ByNode } from "./by-node.tsx";
import { COMPONENT_SERIES, ComponentTiles } from "./component-tiles.tsx";
import { BusiestEvents } from "./events.tsx";
import { CloseReasons, Errors } from "./faults.tsx";
import { LATENCY_OCTAVES } from "./selectors.ts";
import { SystemCard } from "./system-card.tsx";

const ON_SCREEN = {
  series: [...LATENCY_OCTAVES, ...COMPONENT_SERIES],
  tables: ["events", "errors", "closes", "components", "queues"],
  past: ["connections", "nodes", "events", "errors", "closes"],
} as const;

const QueuesCard = lazy(async () => (await import("../jobs/overview-card.tsx")).QueuesCard, "aside");

/** What of the page stands below the first view. */
export function Below(): VNode {
  const { stale, empty } = useReporting("timed messages");
  useOnScreen(ON_SCREEN);
  return (
    <>
      <div class="grid">
        <Heatmap
          title="Latency distribution"
          span={5}
          selectors={LATENCY_OCTAVES}
          unit="messages"
          staleSince={stale}
          empty={empty}
        />
        <ByNode />
        <BusiestEvents />
      </div>
      <Queues />
      <ComponentTiles />
      <div class="grid">
        <Errors />
        <CloseReasons />
        <SystemCard />
      </div>
    </>
  );
}

/** Its code comes with the first queue. */
function Queues(): VNode | null {
  const { live } = useApp();
  return (live.table("queues").value?.rows.length ?? 0) === 0 ? null : <QueuesCard />;
}
