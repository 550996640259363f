import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** The first view has the line to itself for so long, ms. */
const BADGE_AFTER_MS = 8000;

/** Whether the sockets hold: server, pool, echo and load tests, their results, and two of them side by side. */
export const testing: Page = {
  id: "testing",
  title: "Testing",
  icon: "ruler",
  key: "t",
  place: "foot",
  onScreen: { series: [], tables: [] },
  timed: false,
  Component: lazy(async () => (await import("./testing/view.tsx")).Testing),
  Badge: lazy(async () => {
    await new Promise((resolve) => setTimeout(resolve, BADGE_AFTER_MS));
    return (await import("./testing/badge.tsx")).TestingBadge;
  }, "aside"),
};
