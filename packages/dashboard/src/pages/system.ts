import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** What the processes and their hosts use, node by node, and every process there is. */
export const system: Page = {
  id: "system",
  title: "System",
  icon: "cpu",
  key: "s",
  place: "nav",
  group: "Platform",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./system/view.tsx")).System),
};
