import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** Any figure over any time that is kept: looked at, compared, taken away. */
export const history: Page = {
  id: "history",
  title: "History",
  icon: "history",
  key: "h",
  place: "nav",
  group: "Platform",
  onScreen: { series: [], tables: [] },
  timed: false,
  Component: lazy(async () => (await import("./history/view.tsx")).History),
};
