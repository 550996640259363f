import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { createAlertsApi } from "../pages/alerts/alerts-api.ts";
import { createHubAsk } from "../pages/alerts/hub-ask.ts";
import { useAsked } from "../pages/history/use-asked.ts";
import { chartMarks, spansOf } from "./chart-marks.ts";
import { NewAlerts } from "./new-alerts.ts";

/** Live charts reach back so far, and those of the page History, ms. */
const LIVE_MS = 900_000;
const HISTORY_MS = 7 * 86_400_000;

/** Follows what fires, on every page: says what is new, and gives charts their limits and bands. */
export function AlertWatch(): null {
  const app = useApp();
  const { live, route, toasts } = app;
  useEffect(() => live.use({ series: [], tables: ["alerts"] }), [live]);
  useNews();
  const api = useMemo(
    () => createAlertsApi(createHubAsk(new URL(document.baseURI), (input, init) => fetch(input, init))),
    [],
  );
  const signedIn = live.status.value.state !== "signed-out";
  const rows = live.table("alerts").value?.rows ?? [];
  const firing = rows.flatMap(({ episodeId, severity }) => (episodeId === null ? [] : [`${episodeId} ${severity}`]));
  const state = firing.sort().join();
  const range = route.range.value;
  // Rules are changed on the page of alerts: whoever comes from there may have. And others may, whose alerts then fire.
  const asked = `${route.page.value === "alerts"} ${state}`;
  const rules = useAsked(signedIn ? asked : null, (signal) => api.rules(signal)).value;
  const backMs = route.page.value === "history" ? HISTORY_MS : LIVE_MS;
  const episodes = useAsked(signedIn ? `${range?.fromAt} ${range?.toAt} ${backMs} ${state}` : null, async (signal) => {
    const now = live.now.peek();
    const { fromAt, toAt } = range ?? { fromAt: now - backMs, toAt: now + 60_000 };
    return (await api.history({ fromAt, toAt, rule: "", before: "" }, signal)).episodes;
  }).value;
  useEffect(() => {
    app.chartMarks.value = rules === null ? null : chartMarks(rules, spansOf(rows, episodes ?? []));
  }, [rules, episodes, state]);
  return null;

  function useNews(): void {
    const news = useMemo(() => new NewAlerts(), []);
    useSignalEffect(() => {
      const table = live.table("alerts").value;
      const now = app.second.value;
      const words = table === null || table.state === "opening" ? null : news.take(table.rows, now);
      if (words === null) return;
      const params: Readonly<Record<string, string>> = words.episodeId === null ? {} : { alert: words.episodeId };
      toasts.show(words.text, words.severity === "critical" ? "crit" : "warn", {
        text: "Open",
        href: route.hrefTo({ page: "alerts", params, range: null }),
      });
    });
  }
}
