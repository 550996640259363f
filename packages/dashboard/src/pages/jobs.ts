import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** What waits, what runs, who does it, and when it is done. */
export const jobs: Page = {
  id: "jobs",
  title: "Jobs & queues",
  icon: "waiting",
  key: "j",
  place: "nav",
  group: "Platform",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./jobs/view.tsx")).Jobs),
};
