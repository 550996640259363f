import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { lazy } from "../../components/lazy.tsx";
import { LiveOnly } from "../../components/live-only.tsx";
import { Notice } from "../../components/notice.tsx";
import { type Tab, Tabs } from "../../components/tabs.tsx";
import { count } from "../../format/quantity.ts";
import { setParams } from "../address.ts";
import { createHubAsk } from "../alerts/hub-ask.ts";
import { useSelectors } from "../data/use-selectors.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { Charts } from "./charts.tsx";
import { JobMemory, readKey } from "./job-memory.ts";
import { createJobsApi, type JobsApi } from "./jobs-api.ts";
import { Kpis } from "./kpis.tsx";
import { JobList } from "./list.tsx";
import { queuesInView, workersInView } from "./queue-figures.ts";
import { QueueTable } from "./queue-table.tsx";
import { queueSelectors } from "./selectors.ts";
import "../../style/components.css";
import "../../style/jobs.css";

const Workers = lazy(async () => (await import("./workers.tsx")).Workers);
const Estimates = lazy(async () => (await import("./estimates.tsx")).Estimates);
const NoQueues = lazy(async () => (await import("./no-queues.tsx")).NoQueues);
const JobDrawer = lazy(async () => (await import("./drawer.tsx")).JobDrawer, "shell");

const TAB_IDS = ["jobs", "workers", "estimates"] as const;
type TabId = (typeof TAB_IDS)[number];

const ON_SCREEN = { series: [], tables: ["queues", "workers"] } as const;

/** What waits, what runs, who does it, and when it is done. */
export function Jobs(): VNode {
  const { live, route } = useApp();
  useOnScreen(ON_SCREEN);
  const table = live.table("queues").value;
  const api = useMemo(
    () => createJobsApi(createHubAsk(new URL(document.baseURI), (input, init) => fetch(input, init), "")),
    [],
  );
  const memory = useMemo(
    () =>
      new JobMemory(
        (name) =>
          live
            .table("queues")
            .peek()
            ?.rows.find(({ queue }) => queue === name) ?? null,
      ),
    [live],
  );
  const wanted = route.params.value.queue ?? null;
  const queue = queuesInView(table, wanted).length > 0 ? wanted : null;
  const away = live.past.value !== null;
  if (!away && (table === null || (table.rows.length === 0 && table.known === 0)))
    return (
      <section class="card" aria-label="Why this is empty">
        {table === null ? (
          <EmptyState icon="waiting" title="Waiting for data" why="The hub has not told yet which queues there are." />
        ) : (
          <NoQueues />
        )}
      </section>
    );
  return <Body api={api} memory={memory} queue={queue} />;
}

interface BodyProps {
  readonly api: JobsApi;
  readonly memory: JobMemory;
  readonly queue: string | null;
}

function Body({ api, memory, queue }: BodyProps): VNode {
  const { live, route } = useApp();
  const selectors = useSelectors(queueSelectors, queue);
  const table = live.table("queues").value;
  const open = readKey(route.params.value.open);
  return (
    <div class="jobs">
      <Trouble />
      <Kpis key={`kpis ${queue}`} queue={queue} selectors={selectors} />
      {table === null ? null : (
        <QueueTable table={table} chosen={queue} onChoose={(name) => setParams(route, { queue: name ?? "" })} />
      )}
      <Charts key={`charts ${queue}`} selectors={selectors} />
      <section class="card" aria-label="In detail">
        <Lists api={api} memory={memory} queue={queue} looking={open !== null} />
      </section>
      {open === null ? null : (
        <JobDrawer
          key={`${open.queue}/${open.id}`}
          api={api}
          memory={memory}
          name={open}
          onClose={() => setParams(route, { open: "" })}
        />
      )}
    </div>
  );
}

function Lists({ api, memory, queue, looking }: BodyProps & { readonly looking: boolean }): VNode {
  const { live, route } = useApp();
  const chosen = TAB_IDS.find((id) => id === route.params.value.tab) ?? "jobs";
  const away = live.past.value !== null;
  const workers = workersInView(live.table("workers").value, queue);
  const unwell = (workers?.stalled ?? 0) + (workers?.dead ?? 0);
  const note = workers === null || away ? null : unwell > 0 ? `${unwell} in trouble` : count(workers.total).text;
  const tabs: readonly Tab<TabId>[] = [
    { id: "jobs", label: "Jobs" },
    { id: "workers", label: "Workers", ...(note === null ? {} : { note }) },
    { id: "estimates", label: "Estimates" },
  ];
  return (
    <Tabs
      label="Lists"
      tabs={tabs}
      chosen={chosen}
      onChoose={(id) => setParams(route, { tab: id === "jobs" ? "" : id })}
    >
      {chosen === "jobs" ? (
        <JobList
          api={api}
          memory={memory}
          queue={queue}
          held={looking}
          onOpen={(key) => setParams(route, { open: key })}
        />
      ) : (
        <LiveOnly>
          {chosen === "workers" ? (
            <Workers table={live.table("workers").value} queue={queue} />
          ) : (
            <Estimates api={api} queue={queue} />
          )}
        </LiveOnly>
      )}
    </Tabs>
  );
}

/** What is wrong with jobs at large: that they are not kept, or that there were too many. */
function Trouble(): VNode | null {
  const { live } = useApp();
  const table = live.table("queues").value;
  if (table === null || live.past.value !== null) return null;
  const { ledger, evicted, dropped } = table;
  return (
    <>
      {ledger.state === "failing" ? (
        <Notice tone="crit">
          <b>Jobs can't be kept right now.</b> They are followed in memory, and kept once it is possible:{" "}
          {ledger.problem ?? "no reason is known"}.
        </Notice>
      ) : null}
      {evicted + dropped === 0 ? null : (
        <Notice tone="warn">
          <b>Not every job is listed.</b>{" "}
          {evicted === 0 ? "" : `${count(evicted).text} found no room: the oldest that waited gave way. `}
          {dropped === 0
            ? ""
            : `${count(dropped).text} events were dropped on their way: nobody took them, or their token does not name their queue.`}
        </Notice>
      )}
    </>
  );
}
