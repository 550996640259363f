import { lazy } from "../components/lazy.tsx";
import type { Page } from "./page.ts";

/** The first view has the line to itself for so long, ms. */
const BADGE_AFTER_MS = 1500;

/** What fires and what fired, what is watched for, and who is told. */
export const alerts: Page = {
  id: "alerts",
  title: "Alerts",
  icon: "bell",
  key: "a",
  place: "nav",
  onScreen: { series: [], tables: ["alerts"] },
  timed: false,
  Component: lazy(async () => (await import("./alerts/view.tsx")).Alerts),
  Badge: lazy(async () => {
    await new Promise((resolve) => setTimeout(resolve, BADGE_AFTER_MS));
    return (await import("./alerts/badge.tsx")).AlertsBadge;
  }, "aside"),
};
