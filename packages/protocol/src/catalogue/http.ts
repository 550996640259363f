import { define, type MetricDefinition } from "./metric.ts";

/** HTTP servers, after OpenTelemetry. */
export const HTTP_METRICS: readonly MetricDefinition[] = [
  define(
    "http.server.request.duration",
    "histogram",
    "s",
    ["http.server", "http.request.method", "http.route", "http.response.status_code"],
    "Requests from their arrival to the end of the reply, by route pattern, never by path. Requests that were cut off are not in it",
  ),
  define("http.server.active_requests", "gauge", "{request}", ["http.server"], "Requests that are being answered"),
  define(
    "http.server.aborted_requests",
    "counter",
    "{request}",
    ["http.server", "http.request.method", "http.route"],
    "Requests whose client was gone before the reply was finished",
  ),
  define(
    "http.server.io",
    "counter",
    "By",
    ["http.server", "network.io.direction"],
    "Bytes of the sockets of counted requests, heads included, by direction: receive, transmit",
  ),
  define(
    "http.server.active_connections",
    "gauge",
    "{connection}",
    ["http.server"],
    "Open connections of the server, upgraded ones included",
  ),
];
