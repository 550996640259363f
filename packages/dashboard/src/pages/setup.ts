import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** The first view has the line to itself for so long, ms. */
const BADGE_AFTER_MS = 5000;

/** What was found, what is missing and the line to paste, why a panel is empty, and what production needs. */
export const setup: Page = {
  id: "setup",
  title: "Setup",
  icon: "plug",
  key: "u",
  place: "foot",
  onScreen: { series: [], tables: [] },
  timed: false,
  Component: lazy(async () => (await import("./setup/view.tsx")).Setup),
  Badge: lazy(async () => {
    await new Promise((resolve) => setTimeout(resolve, BADGE_AFTER_MS));
    return (await import("./setup/badge.tsx")).SetupBadge;
  }, "aside"),
};
