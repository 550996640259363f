import { alerts } from "./alerts.ts";
import { connections } from "./connections.ts";
import { data } from "./data.ts";
import { history } from "./history.ts";
import { jobs } from "./jobs.ts";
import { messages } from "./messages.ts";
import { overview } from "./overview/index.tsx";
import type { Page } from "./page.ts";
import { performancePage } from "./performance.ts";
import { settings } from "./settings.ts";
import { setup } from "./setup.ts";
import { system } from "./system.ts";
import { testing } from "./testing.ts";

/** Every page there is, in the order of the sidebar. */
export const PAGES: readonly Page[] = [
  overview,
  alerts,
  connections,
  messages,
  performancePage,
  system,
  data,
  jobs,
  history,
  testing,
  setup,
  settings,
];

/** The page of an address; the first one when there is no such page. */
export function findPage(id: string): Page {
  return PAGES.find((page) => page.id === id) ?? overview;
}
