import { type AlertCulprit, type AlertFigure, type AlertRule, findIndicator, type Labels } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import type { FigureRow } from "./figure.ts";
import { type Figures, labelsOf } from "./figures.ts";
import { isBeyond } from "./judge.ts";

/** Attributes that name somebody to blame, the most telling first. */
const TELLING: readonly string[] = [
  "event",
  "queue",
  "http.route",
  "namespace",
  "reason",
  "error.type",
  "component.name",
  "db.collection.name",
  "db.operation.name",
  "http.response.status_code",
  "system.filesystem.mountpoint",
];
/** Most members of one kind, and of all. */
const MOST_OF_A_KIND = 3;
const MOST = 5;
/** A user is named from this share of all connections on. */
const USER_SHARE = 0.1;
/** Figures about connections, which users hold. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  "websocket.server.active_connections",
  "websocket.server.pool.utilization",
]);
/** Where a metric does not tell events apart, others of the same thing do. */
const STAND_INS: Readonly<Record<string, readonly Pick<AlertFigure, "metric" | "filter">[]>> = {
  "websocket.server.message.latency": [
    { metric: "websocket.server.ack.duration", filter: { where: { side: "server" } } },
    { metric: "websocket.server.handler.duration", filter: {} },
  ],
};

/** Figures that the hub makes itself: no process is to blame for them. */
const OF_THE_HUB = "queue.";

/** What culprits are looked for in. */
export interface CulpritParts {
  readonly figures: Figures;
  readonly current: Pick<CurrentView, "table" | "summary">;
}

/** Members of what an alert is about that made it, worst first: nodes, then events, queues or alike, then users. */
export function findCulprits(
  rule: AlertRule,
  labels: Labels,
  second: number,
  { figures, current }: CulpritParts,
): readonly AlertCulprit[] {
  if (rule.kind !== "threshold" && rule.kind !== "burn_rate") return [];
  if (findIndicator(rule.metric)?.kind === "spread") return busiest(rule, labels, second, figures);
  const told: AlertCulprit[] = [];
  for (const label of candidates(rule)) told.push(...members(rule, rule, labels, label, second, figures));
  for (const standIn of told.some(({ label }) => label !== "node") ? [] : (STAND_INS[rule.metric] ?? [])) {
    const { nodes } = rule.filter;
    const filter = { ...standIn.filter, ...(nodes === undefined ? {} : { nodes }) };
    const found = members(rule, { ...rule, ...standIn, filter }, labels, "event", second, figures);
    told.push(...found);
    if (found.length > 0) break;
  }
  if (OF_CONNECTIONS.has(rule.metric)) told.push(...users(placeOf(rule, labels), second, { figures, current }));
  return told.slice(0, MOST);
}

function candidates({ metric, groupBy, filter }: AlertRule): readonly string[] {
  const has = labelsOf(metric).filter((label) => !groupBy.includes(label) && filter.where?.[label] === undefined);
  const telling = TELLING.filter((label) => has.includes(label)).slice(0, 2);
  const hasNode = has.includes("node") && !metric.startsWith(OF_THE_HUB);
  return hasNode && filter.nodes?.length !== 1 ? ["node", ...telling] : telling;
}

function members(
  rule: AlertRule,
  figure: AlertFigure,
  labels: Labels,
  label: string,
  second: number,
  figures: Figures,
): readonly AlertCulprit[] {
  const rows = membersBy(label, figure, labels, second, figures);
  return worst(rule, rows).map((row) => ({ label, name: row.labels[label] ?? "", value: row.value }));
}

/** The figure of each member of what an alert is about. */
function membersBy(
  label: string,
  figure: AlertFigure,
  labels: Labels,
  second: number,
  figures: Figures,
): readonly FigureRow[] {
  const { node, service, ...attributes } = labels;
  const has = labelsOf(figure.metric);
  if (!has.includes(label)) return [];
  const where = { ...figure.filter.where };
  for (const [name, value] of Object.entries(attributes)) if (has.includes(name) && value !== "") where[name] = value;
  const nodes = node === undefined ? figure.filter.nodes : [node];
  const filter = { where, ...(nodes === undefined ? {} : { nodes }) };
  const by = service === undefined ? [label] : [label, "service"];
  return figures
    .open({ metric: figure.metric, agg: figure.agg, filter, windowSec: figure.windowSec }, by)
    .rows(second)
    .filter(
      // What has no name, such as events of messages that are none, can't be blamed.
      (row) =>
        Number.isFinite(row.value) &&
        (row.labels[label] ?? "") !== "" &&
        (service === undefined || row.labels.service === service),
    );
}

/** Of a spread the nodes with most, each by the mean of all. */
function busiest(rule: AlertRule, labels: Labels, second: number, figures: Figures): readonly AlertCulprit[] {
  const [term] = findIndicator(rule.metric)?.of ?? [];
  if (term === undefined) return [];
  const filter = { ...rule.filter, where: { ...rule.filter.where, ...term.where } };
  const rows = membersBy("node", { ...rule, ...term, filter }, labels, second, figures);
  const mean = rows.reduce((sum, { value }) => sum + value, 0) / rows.length;
  const shares = rows.map(({ labels: { node = "" }, value }) => ({ label: "node", name: node, value: value / mean }));
  return furthest(rule, shares);
}

/** Those that made it: of a ratio with most bad events, else furthest in the direction of the limit. */
function worst(rule: AlertRule, rows: readonly FigureRow[]): readonly FigureRow[] {
  const indicator = findIndicator(rule.metric);
  if (indicator?.kind === "ratio") {
    const bad = ({ part, whole }: FigureRow): number => (indicator.inverted === true ? whole - part : part);
    return rows
      .filter((row) => bad(row) > 0)
      .sort((a, b) => bad(b) - bad(a))
      .slice(0, MOST_OF_A_KIND);
  }
  return furthest(rule, rows);
}

/** Those furthest in the direction of the limit; only such that are beyond it where any is. */
function furthest<T extends { readonly value: number }>(rule: AlertRule, rows: readonly T[]): readonly T[] {
  const sign = rule.op === "lt" || rule.op === "lte" ? 1 : -1;
  const limit = rule.warn ?? rule.crit;
  const beyond = limit === null ? [] : rows.filter(({ value }) => isBeyond(rule.op, value, limit));
  return (beyond.length > 0 ? beyond : [...rows])
    .filter(({ value }) => sign > 0 || value > 0)
    .sort((a, b) => sign * (a.value - b.value))
    .slice(0, MOST_OF_A_KIND);
}

/** The node that an alert is about; `undefined` where it is about several. */
function placeOf({ filter: { nodes = [] } }: AlertRule, { node }: Labels): string | undefined {
  return node ?? (nodes.length === 1 ? nodes[0] : undefined);
}

function users(node: string | undefined, second: number, { figures, current }: CulpritParts): readonly AlertCulprit[] {
  const filter = node === undefined ? {} : { nodes: [node] };
  const all = figures.open({ metric: "websocket.server.active_connections", agg: "sum", filter, windowSec: 1 }, []);
  const open = all.rows(second)[0]?.value ?? Number.NaN;
  return usersOf(node, current)
    .filter(({ value }) => value >= USER_SHARE * open)
    .sort((a, b) => b.value - a.value)
    .slice(0, MOST_OF_A_KIND);
}

/** Who has connections open, on one node or anywhere. */
function usersOf(node: string | undefined, current: CulpritParts["current"]): AlertCulprit[] {
  const named = (name: string, value: number): AlertCulprit => ({ label: "user", name, value });
  if (node === undefined) return current.table("users").rows.map(({ key, count }) => named(key, count));
  const { by_user: byUser = {} } = current.summary(node)?.connections ?? {};
  return Object.entries(byUser).map(([key, count]) => named(key, count));
}
