import type { ComponentKind } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { type Tab, Tabs } from "../../components/tabs.tsx";
import { statusInView } from "../components.ts";
import { HowTo } from "../how-to.tsx";
import { useOnScreen } from "../use-on-screen.ts";
import { type Source, useSource } from "../use-source.ts";
import { CacheTab } from "./cache.tsx";
import { DatabaseTab } from "./database.tsx";
import { Members } from "./members.tsx";
import { NetworkTab } from "./network.tsx";
import "../../style/components.css";
import "../../style/data.css";

const TABS = [
  { id: "database", label: "Database", one: "client", Body: DatabaseTab },
  { id: "cache", label: "Cache", one: "client", Body: CacheTab },
  { id: "network", label: "Network", one: "server", Body: NetworkTab },
] as const;

type TabId = (typeof TABS)[number]["id"];

const ON_SCREEN = { series: [], tables: ["nodes", "components", "collectors"] } as const;

/** What the application depends on and what depends on it: databases, caches, HTTP servers. */
export function DataNetwork(): VNode {
  const { live, route } = useApp();
  useOnScreen(ON_SCREEN);
  const chosen = TABS.find(({ id }) => id === route.params.value.tab) ?? TABS[0];
  const tabs = TABS.map(({ id, label }): Tab<TabId> => {
    const { state, stale, lost, members, up } = statusInView(live, id);
    const note = stale
      ? "unknown"
      : state === "down"
        ? `${members - lost - up} down`
        : lost > 0
          ? `${lost} silent`
          : null;
    return note === null ? { id, label } : { id, label, note };
  });
  return (
    <div class="page-tabs">
      <Tabs
        label="Data and network"
        tabs={tabs}
        chosen={chosen.id}
        onChoose={(id) => route.navigate({ params: id === TABS[0].id ? {} : { tab: id } }, { replace: true })}
      >
        <Panel key={chosen.id} kind={chosen.id} one={chosen.one} Body={chosen.Body} />
      </Tabs>
    </div>
  );
}

interface PanelProps {
  readonly kind: ComponentKind;
  /** What one of its kind is called. */
  readonly one: string;
  readonly Body: (props: { readonly source: Source }) => VNode;
}

function Panel({ kind, one, Body }: PanelProps): VNode {
  const { route } = useApp();
  const source = useSource(kind, route.params.value.of ?? null);
  if (source.attached !== true)
    return (
      <section class="card" aria-label="Why this is empty">
        {source.attached === null ? (
          <EmptyState icon="waiting" title="Waiting for data" why="The hub has not told yet what is watched." />
        ) : (
          <HowTo hint={source.hint} />
        )}
      </section>
    );
  return (
    <>
      {source.names.length > 1 ? <SourcePick source={source} one={one} /> : null}
      <Body key={source.name} source={source} />
      <Members source={source} />
    </>
  );
}

/** Which of several clients or servers is looked at. */
function SourcePick({ source, one }: { readonly source: Source; readonly one: string }): VNode {
  const { route } = useApp();
  const choose = (name: string) => {
    const { of: _, ...others } = route.params.peek();
    route.navigate({ params: name === "" ? others : { ...others, of: name } }, { replace: true });
  };
  return (
    <label class="source-pick">
      <span>Look at</span>
      <select class="field-select" value={source.name ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">
          all {source.names.length} {one}s
        </option>
        {source.names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
