// What is asked of each store, in its own words. The answers cover the same
// series and times; `round` changes which, so that nothing is asked twice.
import { SERIES_A_NODE } from "./day.mjs";

const HOUR_MS = 3_600_000;
/** Times that each question is asked. */
export const ROUNDS = 15;
/** How far back the long questions reach, hours. */
const QUERY_HOURS = 24;

/** @param setup how many series there are and where the data ends, ms epoch */
export function questions({ count, endAt }) {
  const nodes = Math.ceil(count / SERIES_A_NODE);
  const node = (round) => `bench/${round % nodes}`;
  const dayAt = endAt - QUERY_HOURS * HOUR_MS;
  const events = (round) => Array.from({ length: 10 }, (_, i) => `event-${(round + i) % 24}`);
  const ask = (store, selectors, fromAt, stepMs) =>
    store.ask("query", { fromAt, toAt: endAt, stepMs, points: (endAt - fromAt) / stepMs, selectors });
  return {
    "last hour of one series": {
      wsight: (store, round) =>
        ask(
          store,
          [
            {
              metric: CONNECTIONS,
              agg: "mean",
              nodes: [node(round)],
              where: { "ws.server": `ws.server-${round % 16}` },
            },
          ],
          endAt - HOUR_MS,
          1_000,
        ),
      promql: (round) =>
        range(
          `websocket_server_active_connections{node="${node(round)}",ws_server="ws.server-${round % 16}"}`,
          endAt - HOUR_MS,
          endAt,
          1,
        ),
    },
    "10 series at 5 min": {
      wsight: (store, round) =>
        ask(
          store,
          events(round).map((event) => ({ metric: MESSAGES, agg: "rate", nodes: [node(round)], where: { event } })),
          dayAt,
          300_000,
        ),
      promql: (round) =>
        range(
          `rate(websocket_server_messages{node="${node(round)}",event=~"${events(round).join("|")}"}[5m])`,
          dayAt + 300_000,
          endAt,
          300,
        ),
    },
    "top 20 of all": {
      wsight: (store) =>
        ask(store, [{ metric: MESSAGES, agg: "rate", by: ["node", "event"], top: 20 }], dayAt, HOUR_MS),
      promql: () => instant(`topk(20, rate(websocket_server_messages[${QUERY_HOURS}h]))`, endAt),
    },
    "p99 of all at 5 min": {
      wsight: (store) => ask(store, [{ metric: DURATION, agg: "p99" }], dayAt, 300_000),
      promql: () =>
        range(
          `histogram_quantile(0.99, sum by (le) (rate(websocket_server_handler_duration_bucket[5m])))`,
          dayAt + 300_000,
          endAt,
          300,
        ),
    },
  };
}

const CONNECTIONS = "websocket.server.active_connections";
const MESSAGES = "websocket.server.messages";
const DURATION = "websocket.server.handler.duration";

function range(query, fromAt, toAt, step) {
  return `/api/v1/query_range?${new URLSearchParams({ query, start: fromAt / 1_000, end: toAt / 1_000, step })}`;
}

function instant(query, at) {
  return `/api/v1/query?${new URLSearchParams({ query, time: at / 1_000 })}`;
}
