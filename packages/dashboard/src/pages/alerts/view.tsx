import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { lazy } from "../../components/lazy.tsx";
import { Notice } from "../../components/notice.tsx";
import { type Tab, Tabs } from "../../components/tabs.tsx";
import { useAsked } from "../history/use-asked.ts";
import { Active } from "./active.tsx";
import { createAlertsApi } from "./alerts-api.ts";
import { createHubAsk } from "./hub-ask.ts";
import { plural } from "./words.ts";
import "../../style/components.css";
import "../../style/alerts.css";

const PastAlerts = lazy(async () => (await import("./history.tsx")).PastAlerts);
const RulesTab = lazy(async () => (await import("./rules/view.tsx")).RulesTab);
const Silences = lazy(async () => (await import("./silences.tsx")).Silences);
const Channels = lazy(async () => (await import("./channels.tsx")).Channels);
const EpisodeDrawer = lazy(async () => (await import("./episode.tsx")).EpisodeDrawer, "shell");

const TABS = ["active", "history", "rules", "silences", "channels"] as const;
type TabId = (typeof TABS)[number];

/** How often who is told is asked for anew while it is looked at, ms. */
const CHANNELS_EVERY_MS = 10_000;

/** What fires and fired, what is watched for, when nobody is told, and who is. */
export function Alerts(): VNode {
  const { live, route } = useApp();
  const ask = useMemo(() => createHubAsk(new URL(document.baseURI), (input, init) => fetch(input, init)), []);
  const api = useMemo(() => createAlertsApi(ask), [ask]);
  const { tab: wanted = "", alert = "", ...others } = route.params.value;
  const chosen = TABS.find((tab) => tab === wanted) ?? "active";
  const table = live.table("alerts").value;
  const admin = live.principal.value?.role === "admin";
  const [turn, setTurn] = useState(0);
  const rows = table?.rows ?? [];
  // Rules are saved in their own tab: coming back from it asks again.
  const rules = useAsked(`rules ${chosen === "rules"}`, (signal) => api.rules(signal)).value;
  const beat = chosen === "channels" ? Math.floor(live.now.value / CHANNELS_EVERY_MS) : 0;
  const channels = useAsked(`${turn} ${beat} ${table?.undelivered ?? 0}`, (signal) => api.channels(signal));
  const row = rows.find(({ episodeId, fingerprint }) => alert !== "" && (episodeId === alert || fingerprint === alert));
  const go = (params: Readonly<Record<string, string>>) =>
    route.navigate({ params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== "")) });
  const open = (id: string) => go({ tab: wanted, ...others, alert: id });
  const state = `${table?.critical} ${table?.warning} ${rows.map(({ episodeId, ack }) => `${episodeId}${ack?.at ?? ""}`).join()}`;
  return (
    <div class="alerts">
      <Trouble />
      <div class="alert-tabs">
        <Tabs
          label="Alerts"
          tabs={tabsOf(table === null ? 0 : table.critical + table.warning, channels.value?.length ?? null)}
          chosen={chosen}
          onChoose={(tab) => go({ tab: tab === "active" ? "" : tab })}
        >
          {chosen === "active" ? (
            <Active api={api} table={table} rules={rules} admin={admin} onOpen={open} />
          ) : chosen === "history" ? (
            <PastAlerts api={api} rules={rules} state={state} onOpen={open} />
          ) : chosen === "rules" ? (
            <RulesTab ask={ask} admin={admin} />
          ) : chosen === "silences" ? (
            <Silences api={api} admin={admin} />
          ) : (
            <Channels api={api} admin={admin} asked={channels} onChanged={() => setTurn((before) => before + 1)} />
          )}
        </Tabs>
      </div>
      {alert === "" ? null : (
        <EpisodeDrawer
          key={alert}
          api={api}
          id={alert}
          row={row ?? null}
          rule={rules?.find(({ id }) => id === row?.ruleId) ?? null}
          admin={admin}
          nameOf={(id) => channels.value?.find((channel) => channel.id === id)?.name ?? id}
          onClose={() => go({ tab: wanted, ...others })}
        />
      )}
    </div>
  );
}

function tabsOf(firing: number, channels: number | null): readonly Tab<TabId>[] {
  return [
    { id: "active", label: "Active", ...(firing === 0 ? {} : { note: String(firing) }) },
    { id: "history", label: "History" },
    { id: "rules", label: "Rules" },
    { id: "silences", label: "Silences" },
    { id: "channels", label: "Channels", ...(channels === null ? {} : { note: String(channels) }) },
  ];
}

/** What is wrong with alerts at large, above all tabs: that nothing is kept, or that notices were given up. */
function Trouble(): VNode | null {
  const { live, route } = useApp();
  const table = live.table("alerts").value;
  if (table === null) return null;
  const { state, problem, undelivered } = table;
  const dead = undelivered > 0 && route.params.value.tab !== "channels";
  if (state !== "failing" && !dead) return null;
  return (
    <>
      {state === "failing" ? (
        <Notice tone="crit">
          <b>Alerts can't be kept right now.</b> What fires is shown, and told once they can:{" "}
          {problem ?? "no reason is known"}.
        </Notice>
      ) : null}
      {dead ? (
        <Notice
          tone="crit"
          action={
            <a class="button" href={route.hrefTo({ page: "alerts", params: { tab: "channels" } })}>
              Look at {undelivered === 1 ? "it" : "them"}
            </a>
          }
        >
          <b>{plural(undelivered, "notice")} could not be delivered.</b> People may not know of what fired.
        </Notice>
      ) : null}
    </>
  );
}
