import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** How the dashboard looks and behaves in this browser. */
export const settings: Page = {
  id: "settings",
  title: "Settings",
  icon: "settings",
  key: ",",
  place: "foot",
  onScreen: { series: [], tables: [] },
  timed: false,
  Component: lazy(async () => (await import("./settings-view.tsx")).Settings),
};
