import type { HistorySelector, Labels } from "@wsight/protocol";
import { AGGREGATE_NAMES } from "./units.ts";

/** Parts of the product's metrics: how names begin, what the part is called, and what stands before a name of it. */
const AREAS = [
  ["websocket.server.", "WebSocket", ""],
  ["socketio.", "Socket.IO", "Socket.IO"],
  ["http.server.", "HTTP", "HTTP"],
  ["db.client.", "Database", "Database"],
  ["redis.", "Cache", "Redis"],
  ["queue.", "Jobs", "Queue"],
  ["nodejs.eventloop.", "Process", "Event loop"],
  ["process.", "Process", "Process"],
  ["v8js.", "Process", "V8"],
  ["system.", "Host", "Host"],
  ["wsight.", "wsight itself", "wsight"],
] as const;

/** Words of names that are not written as they are spoken. */
const WORDS: Readonly<Record<string, string>> = {
  io: "bytes",
  rtt: "round trip",
  cpu: "CPU",
  gc: "GC",
  ack: "ack",
  db: "DB",
  eventloop: "event loop",
};

/** The part of the product that a metric is of. */
export function areaOf(metric: string): string {
  return AREAS.find(([start]) => metric.startsWith(start))?.[1] ?? "Other";
}

/** A metric for people: `Message latency`, `HTTP request duration`. */
export function metricTitle(metric: string): string {
  const [start = "", , prefix = ""] = AREAS.find(([begin]) => metric.startsWith(begin)) ?? [];
  const words = metric
    .slice(start.length)
    .split(/[._]/)
    .map((word) => WORDS[word] ?? word)
    .join(" ");
  const text = prefix === "" ? words : `${prefix} ${words}`;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A figure for people: `Message latency, p95, ack, by node`. */
export function figureTitle({ metric, agg, where = {}, by = [], nodes = [] }: HistorySelector): string {
  const filters = Object.values(where);
  const split = by.length === 0 ? [] : [`by ${by.map(attributeName).join(" and ")}`];
  return [metricTitle(metric), AGGREGATE_NAMES[agg], ...filters, ...nodes, ...split].join(", ");
}

/** Last word of an attribute's name: `http.route` is a route. */
export function attributeName(attribute: string): string {
  return (attribute.split(".").at(-1) ?? attribute).replaceAll("_", " ");
}

/** A line of a figure: its labels, or the figure when it is the only line. */
export function lineTitle(figure: HistorySelector, labels: Labels, alone: boolean): string {
  const values = Object.values(labels);
  if (values.length === 0) return figureTitle(figure);
  const text = values.map((value) => (value === "" ? "(none)" : value)).join(" · ");
  return alone ? text : `${metricTitle(figure.metric)}, ${AGGREGATE_NAMES[figure.agg]}: ${text}`;
}
