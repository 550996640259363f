import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** What the application depends on and what depends on it: databases, caches, HTTP servers. */
export const data: Page = {
  id: "data",
  title: "Data & network",
  icon: "database",
  key: "d",
  place: "nav",
  group: "Platform",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./data/view.tsx")).DataNetwork),
};
