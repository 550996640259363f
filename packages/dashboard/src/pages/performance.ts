import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** How long things take: latency, handlers, broadcasts, round trips, and what was slow. */
export const performancePage: Page = {
  id: "performance",
  title: "Performance",
  icon: "gauge",
  key: "p",
  place: "nav",
  group: "Realtime",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./performance/view.tsx")).Performance),
};
