import type { NodeRow } from "@wsight/protocol";
import type { Emptiness } from "../components/empty-state.tsx";
import { RAIL_SELECTOR } from "../rail-selector.ts";
import type { LiveState } from "../state/index.ts";

/** The nodes that the page looks at now. */
export function nodesInView(live: LiveState): readonly NodeRow[] {
  const chosen = live.node.value;
  const nodes = live.table("nodes").value ?? [];
  return nodes.filter(({ node, state }) => (chosen === null ? state !== "gone" : node === chosen));
}

/** When the newest sample came, if everything in view fell silent; else `null`. */
export function staleSince(live: LiveState): number | null {
  // What was then is as good as ever, whoever reports now.
  if (live.past.value !== null) return null;
  const nodes = nodesInView(live);
  if (nodes.length === 0 || nodes.some(({ state }) => state === "live")) return null;
  return nodes.reduce((newest, { lastAt }) => Math.max(newest, lastAt), 0);
}

/** True when a node watches connections, and not only what else it was handed. */
function watchesSockets({ findings }: NodeRow): boolean {
  return findings.some(({ library }) => library === "ws" || library === "socket.io");
}

/** What a figure is that has no series yet: none where a server is watched and reports, else unknown. */
export function noneOf(live: LiveState): 0 | null {
  // What the rail shows was there then, or nothing was watched.
  if (live.past.value !== null) return live.reading.value || live.series(RAIL_SELECTOR).latest() === null ? null : 0;
  return nodesInView(live).some((row) => row.state === "live" && watchesSockets(row)) ? 0 : null;
}

/** Says that a list is of all nodes, where the rest of the page looks at one. */
export function allNodes(live: LiveState, note: string): string {
  return live.node.value === null ? note : note === "" ? "all nodes" : `${note}, all nodes`;
}

/** Why a WebSocket card has nothing to show. */
export function explainEmpty(live: LiveState, what: string): Emptiness {
  if (live.past.value !== null && live.reading.value)
    return { icon: "waiting", title: "Reading history", why: `The ${what} of that time are on their way.` };
  if (live.past.value !== null)
    return { icon: "history", title: `No ${what} then`, why: "Nothing is kept of this for the time looked at." };
  const nodes = live.table("nodes").value;
  if (nodes === null)
    return { icon: "waiting", title: "Waiting for data", why: "The hub has not sent the first second yet." };
  if (nodes.length === 0)
    return {
      icon: "plug",
      title: `No ${what} to show`,
      why: "No process reports. Attach wsight to your server in one line; it shows up here within a second.",
      snippet: "await monitor({ io })",
    };
  const chosen = live.node.value;
  if (nodesInView(live).length === 0 && chosen !== null)
    return { icon: "stale", title: `No ${what} to show`, why: `${chosen} does not report.` };
  if (!nodesInView(live).some(watchesSockets))
    return {
      icon: "plug",
      title: `No ${what} to show`,
      why: "The process reports, but no Socket.IO or ws server was handed to the monitor.",
      snippet: "await monitor({ wss })",
    };
  return { icon: "waiting", title: `No ${what} yet`, why: `The first ${what} will show up here as they happen.` };
}
