import type { NoticeFacts } from "./vocabulary.ts";

/** Pages that show a metric best, by the beginning of its name; the first that fits. */
const PAGES: readonly (readonly [start: string, page: string])[] = [
  ["websocket.server.message.latency", "performance"],
  ["websocket.server.broadcast", "performance"],
  ["websocket.server.rtt", "performance"],
  ["websocket.server.handler.duration", "performance"],
  ["websocket.server.ack", "performance"],
  ["websocket.server.message", "messages"],
  ["websocket.server.io", "messages"],
  ["websocket.server.handler", "messages"],
  ["websocket.server.error", "messages"],
  ["websocket.server.success", "messages"],
  ["websocket.", "connections"],
  ["socketio.", "connections"],
  ["system.", "system"],
  ["process.", "system"],
  ["nodejs.", "system"],
  ["v8js.", "system"],
  ["db.", "data"],
  ["redis.", "data"],
  ["http.", "data"],
];
const AROUND_MS = 15 * 60_000;
const BEFORE_MS = 5 * 60_000;

/** Address of the page and time that show what happened; empty when the hub does not know its own address. */
export function momentUrl({ rule, state, at, activeAt, firedAt }: NoticeFacts, publicUrl: string | null): string {
  if (publicUrl === null || publicUrl === "") return "";
  const page = PAGES.find(([start]) => rule.metric.startsWith(start))?.[1] ?? "overview";
  const begin = Math.min(activeAt ?? at, firedAt ?? at) - BEFORE_MS;
  const node =
    state.labels.node === undefined ? "" : `&node=${encodeURIComponent(state.labels.node).replaceAll("%2F", "/")}`;
  return `${publicUrl.replace(/\/+$/, "")}/dashboard#/${page}?from=${begin}&to=${begin + AROUND_MS}${node}`;
}
