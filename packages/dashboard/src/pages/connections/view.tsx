import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { LiveOnly } from "../../components/live-only.tsx";
import { type Tab, Tabs } from "../../components/tabs.tsx";
import { count } from "../../format/quantity.ts";
import { setParams } from "../address.ts";
import { nodesInView } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { AuditCard } from "./audit.tsx";
import { ByNodeChart } from "./by-node-chart.tsx";
import { CloseReasons } from "./close-reasons.tsx";
import { RoomsTab, UsersTab } from "./counts.tsx";
import { ConnectionDrawer } from "./detail.tsx";
import { type ConnectionName, type ConnectionsApi, createConnectionsApi } from "./hub-api.ts";
import { Kpis } from "./kpis.tsx";
import { ConnectionList } from "./list.tsx";
import { NamespacesTab } from "./namespaces.tsx";
import { SERIES } from "./selectors.ts";
import { WorkersTab } from "./workers-tab.tsx";

const TAB_IDS = ["connections", "users", "rooms", "namespaces", "workers"] as const;
type TabId = (typeof TAB_IDS)[number];

/** Users and rooms are counted above; their rows come with them. */
const ON_SCREEN = {
  series: Object.values(SERIES),
  tables: ["nodes", "closes", "users", "rooms"],
  past: ["connections", "closes"],
} as const;

/** Who is connected: pool, workers, users, rooms, and every single connection. */
export function Connections(): VNode {
  const { route } = useApp();
  useOnScreen(ON_SCREEN);
  const api = useMemo(() => createConnectionsApi(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const [acts, setActs] = useState(0);
  const open = readName(route.params.value.open);
  return (
    <>
      <Kpis />
      <div class="grid">
        <ByNodeChart />
        <CloseReasons />
      </div>
      <section class="card" aria-label="In detail">
        <Lists api={api} looking={open !== null} />
      </section>
      <AuditCard api={api} turn={acts} />
      {open === null ? null : (
        <ConnectionDrawer
          key={`${open.node}/${open.connection}`}
          api={api}
          name={open}
          onClose={() => setParams(route, { open: "" })}
          onActed={() => setActs(acts + 1)}
        />
      )}
    </>
  );
}

function Lists({ api, looking }: { readonly api: ConnectionsApi; readonly looking: boolean }): VNode {
  const { live, route } = useApp();
  const chosen = TAB_IDS.find((id) => id === route.params.value.tab) ?? "connections";
  const search = (q: string) => setParams(route, { tab: "", q });
  const away = live.past.value !== null;
  const amount = (value: number | undefined) => (value === undefined || away ? {} : { note: count(value).text });
  const tabs: readonly Tab<TabId>[] = [
    { id: "connections", label: "Connections" },
    { id: "users", label: "Users", ...amount(live.table("users").value?.total) },
    { id: "rooms", label: "Rooms", ...amount(live.table("rooms").value?.total) },
    { id: "namespaces", label: "Namespaces" },
    { id: "workers", label: "Workers", ...amount(nodesInView(live).length) },
  ];
  return (
    <Tabs
      label="Lists"
      tabs={tabs}
      chosen={chosen}
      onChoose={(id) => setParams(route, { tab: id === "connections" ? "" : id })}
    >
      <LiveOnly>
        {chosen === "connections" ? (
          <ConnectionList api={api} held={looking} onOpen={(key) => setParams(route, { open: key })} />
        ) : chosen === "users" ? (
          <UsersTab onSearch={search} />
        ) : chosen === "rooms" ? (
          <RoomsTab onSearch={search} />
        ) : chosen === "namespaces" ? (
          <NamespacesTab onSearch={search} />
        ) : (
          <WorkersTab />
        )}
      </LiveOnly>
    </Tabs>
  );
}

/** Reads which connection is looked at, as `service/instance/number`. */
function readName(text: string | undefined): ConnectionName | null {
  const [, node, number] = /^([^/]+\/.+)\/(\d{1,15})$/.exec(text ?? "") ?? [];
  return node === undefined ? null : { node, connection: Number(number) };
}
