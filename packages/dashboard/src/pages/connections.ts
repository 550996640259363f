import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** Who is connected: pool, workers, users, rooms, and every single connection. */
export const connections: Page = {
  id: "connections",
  title: "Connections",
  icon: "cable",
  key: "c",
  place: "nav",
  group: "Realtime",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./connections/view.tsx")).Connections),
};
