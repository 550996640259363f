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
  ["queue.", "jobs"],
];

/** The page of the dashboard that shows a metric or an indicator best: where links of alerts lead. */
export function pageOfMetric(metric: string): string {
  return PAGES.find(([start]) => metric.startsWith(start))?.[1] ?? "overview";
}
