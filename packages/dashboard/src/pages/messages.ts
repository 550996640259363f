import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** What is said: rates, types, errors, and the messages themselves as they pass. */
export const messages: Page = {
  id: "messages",
  title: "Messages",
  icon: "messages",
  key: "m",
  place: "nav",
  group: "Realtime",
  onScreen: { series: [], tables: [] },
  timed: true,
  Component: lazy(async () => (await import("./messages/view.tsx")).Messages),
};
