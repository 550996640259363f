import {
  COMPONENT_KINDS,
  type InitialData,
  METRIC_EVENT_TIERS,
  METRIC_EVENTS,
  type MetricEvent,
} from "@wsight/protocol";
import { VERSION } from "../../version.ts";
import { briefs, countNodes, statusOf } from "./basic.ts";
import { compileNamed, tidy } from "./figures.ts";
import { listNodes } from "./hosts.ts";
import type { PayloadParts } from "./parts.ts";

/** Components that are listed. */
const MAX_COMPONENTS = 50;

/** Prepares what a client is told first. */
export function createInitial(parts: PayloadParts): () => Omit<InitialData, "timestamp" | "subscribed"> {
  const { current, sources, hosts, intervals, startedAt, now } = parts;
  const read = compileNamed(current, { uptime: { metric: "system.uptime", agg: "last" } });
  const everyMs = (event: MetricEvent): number => intervals[METRIC_EVENT_TIERS[event]];
  const events = Object.fromEntries(METRIC_EVENTS.map((event) => [event, everyMs(event)]));
  return () => {
    const present = current.nodes().filter(({ state }) => state !== "gone");
    const [newest] = present.filter(({ state }) => state === "live");
    const all = sources();
    return {
      status: statusOf(countNodes(current)),
      host: { ...hosts.main(), uptimeSeconds: tidy(read().uptime) ?? tidy(hosts.ownUptime()) },
      nodeVersion: newest?.hello.runtime.replace(/^Node\.js /, "") ?? process.versions.node,
      services: [...new Set(present.map(({ hello }) => hello.service))],
      ...listNodes(current),
      hub: {
        version: VERSION,
        startedAt: new Date(startedAt).toISOString(),
        uptimeSeconds: Math.round((now() - startedAt) / 1000),
      },
      intervals: { ...intervals, events: events as Record<MetricEvent, number> },
      metricTypes: METRIC_EVENTS,
      components: {
        ...briefs(all),
        list: COMPONENT_KINDS.flatMap((kind) => all[kind].members.map((member) => ({ kind, ...member }))).slice(
          0,
          MAX_COMPONENTS,
        ),
      },
    };
  };
}
