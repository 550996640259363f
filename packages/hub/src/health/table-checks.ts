import {
  type AlertsTable,
  type CollectorRow,
  type ComponentMember,
  componentStatus,
  type HealthState,
  type HubRow,
  type NodeRow,
} from "@wsight/protocol";
import type { JudgedCheck } from "./compose.ts";
import { instanceOf, span } from "./words.ts";

/** A collector that did not get through for so many of its intervals is stale; never before 5 s. */
const STALE_INTERVALS = 3;
const STALE_MS = 5000;

/** What the checks of this file look at, as it stands. */
export interface Tables {
  readonly nodes: readonly NodeRow[];
  readonly components: readonly ComponentMember[];
  readonly collectors: readonly (CollectorRow & { readonly node: string })[];
  readonly store: HubRow["store"];
  readonly alerts: AlertsTable;
}

/** A check before it is known since when it has been so. */
export type SeenCheck = Omit<JudgedCheck, "since">;

/** Checks of what is up or not, as opposed to figures with limits. Those that do not apply are left out. */
export function tableChecks(tables: Tables, now: number): readonly SeenCheck[] {
  const present = tables.nodes.filter(({ state }) => state !== "gone");
  return [
    ...processes(tables.nodes, present, now),
    ...components(tables.components, present, now),
    ...collectors(tables.collectors, present, now),
    ...probes(present),
    ...storage(tables.store),
    ...notices(tables.alerts),
  ];
}

function plain(id: string, name: string, state: HealthState, reason: string, more: Partial<SeenCheck> = {}): SeenCheck {
  return {
    id,
    name,
    state,
    reason,
    value: null,
    unit: "",
    limit: null,
    node: null,
    ruleId: null,
    idle: false,
    ...more,
  };
}

function processes(all: readonly NodeRow[], present: readonly NodeRow[], now: number): readonly SeenCheck[] {
  const [id, name] = ["processes", "Processes"];
  if (present.length === 0) {
    const why = all.length === 0 ? "No process reports yet" : "No process is running";
    return [plain(id, name, "unknown", why)];
  }
  const silent = present.filter(({ state }) => state === "silent").toSorted((a, b) => a.lastAt - b.lastAt);
  const worst = silent[0];
  const value = present.length - silent.length;
  if (worst === undefined)
    return [
      plain(id, name, "healthy", `${present.length === 1 ? "It reports" : `All ${present.length} report`}`, { value }),
    ];
  const others = silent.length > 1 ? ` and ${silent.length - 1} more` : "";
  const reason = `${instanceOf(worst.node)}${others} silent for ${span(now - worst.lastAt)}`;
  const state = silent.length === present.length ? "unhealthy" : "degraded";
  return [plain(id, name, state, reason, { value, node: worst.node })];
}

function components(rows: readonly ComponentMember[], present: readonly NodeRow[], now: number): readonly SeenCheck[] {
  const live = new Set(present.filter(({ state }) => state === "live").map(({ node }) => node));
  const reporting = rows.filter(({ node }) => live.has(node));
  return Object.values(componentStatus(reporting, now)).flatMap((status): readonly SeenCheck[] => {
    const { kind, worst, state, stale, since } = status;
    if (worst === null) return [];
    const name = `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`;
    const who = worst.name === "host" ? "The host" : worst.name;
    const more = { node: worst.node, value: status.latencySeconds, unit: "s" };
    if (stale)
      return [
        plain(kind, name, "unknown", `${who} was last looked at ${span(now - (worst.checkedAt ?? now))} ago`, more),
      ];
    if (state === "down") {
      const why = worst.error === null ? "" : `: ${worst.error}`;
      return [plain(kind, name, "unhealthy", `${who} is down for ${span(now - (since ?? now))}${why}`, more)];
    }
    if (state === "unknown") return [plain(kind, name, "unknown", `${who} was not asked yet`, { ...more, idle: true })];
    return [plain(kind, name, "healthy", `${status.up === 1 ? who : `All ${status.up}`} up`, more)];
  });
}

function collectors(rows: Tables["collectors"], present: readonly NodeRow[], now: number): readonly SeenCheck[] {
  const live = new Set(present.filter(({ state }) => state === "live").map(({ node }) => node));
  const reading = rows.filter(({ node, readAt }) => live.has(node) && readAt !== null);
  if (reading.length === 0) return [];
  const lateBy = ({ readAt, intervalMs }: CollectorRow): number =>
    now - (readAt ?? now) - Math.max(STALE_MS, STALE_INTERVALS * intervalMs);
  const worst = reading.toSorted((a, b) => lateBy(b) - lateBy(a))[0];
  const [id, name] = ["collectors", "Collectors"];
  if (worst === undefined || lateBy(worst) <= 0) return [plain(id, name, "healthy", "All read in time")];
  const reason = `${worst.name} on ${instanceOf(worst.node)} was last read ${span(now - (worst.readAt ?? now))} ago`;
  return [plain(id, name, "unknown", reason, { node: worst.node })];
}

function probes(present: readonly NodeRow[]): readonly SeenCheck[] {
  const worst = present.toSorted((a, b) => b.probeErrors - a.probeErrors)[0];
  if (worst === undefined) return [];
  const [id, name, value] = ["probe", "Probe", worst.probeErrors];
  if (value === 0) return [plain(id, name, "healthy", "No faults of its own", { value, unit: "{error}" })];
  const reason = `The probe on ${instanceOf(worst.node)} caught ${value} ${value === 1 ? "fault" : "faults"} of its own`;
  return [plain(id, name, "degraded", reason, { value, unit: "{error}", limit: 0, node: worst.node })];
}

function storage(store: HubRow["store"]): readonly SeenCheck[] {
  if (store.state === "off") return [];
  const [id, name] = ["storage", "History"];
  if (store.state === "failing") {
    const lost = store.dropped > 0 ? `, ${store.dropped} samples lost` : "";
    return [plain(id, name, "degraded", `History can't be kept: ${store.lastError ?? "it failed"}${lost}`)];
  }
  return [plain(id, name, "healthy", "Kept")];
}

function notices({ state, problem, undelivered }: AlertsTable): readonly SeenCheck[] {
  const [id, name] = ["notices", "Notices"];
  if (state === "off" || state === "opening") return [];
  if (state === "failing") return [plain(id, name, "degraded", `Alerts can't be kept: ${problem ?? "it failed"}`)];
  if (undelivered === 0) return [plain(id, name, "healthy", "None undelivered", { value: 0 })];
  const reason = `${undelivered} ${undelivered === 1 ? "notice" : "notices"} could not be delivered`;
  return [plain(id, name, "degraded", reason, { value: undelivered, limit: 0 })];
}
