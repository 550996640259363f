import { JOBS } from "./job-panels.ts";
import { type PanelQuery, type Section, WINDOW } from "./panel.ts";

/** What the variables of the dashboard choose. */
const WHERE = 'service=~"$service",node=~"$node"';

function rate(metric: string, by: string, more = ""): string {
  return `sum by (${by}) (rate(${metric}{${WHERE}${more}}[${WINDOW}]))`;
}

function total(metric: string): string {
  return `sum(rate(${metric}{${WHERE}}[${WINDOW}]))`;
}

/** The usual percentiles of a distribution. */
function percentiles(metric: string, more = ""): readonly PanelQuery[] {
  return [0.5, 0.95, 0.99].map((q) => ({
    expr: `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket{${WHERE}${more}}[${WINDOW}])))`,
    legend: `p${q * 100}`,
  }));
}

/** A percentile of each value of a label. */
function percentileBy(q: number, metric: string, label: string): PanelQuery {
  return {
    expr: `topk(10, histogram_quantile(${q}, sum by (le, ${label}) (rate(${metric}_bucket{${WHERE}}[${WINDOW}]))))`,
    legend: `{{${label}}}`,
  };
}

const CONNECTIONS: Section = {
  title: "Connections",
  panels: [
    {
      title: "Open",
      help: "Open connections of all chosen processes",
      unit: "short",
      shape: "number",
      width: 4,
      queries: [{ expr: `sum(websocket_server_active_connections{${WHERE}})`, legend: "open" }],
    },
    {
      title: "Share of capacity",
      help: "Open connections by what the processes can take",
      unit: "percentunit",
      shape: "number",
      width: 4,
      queries: [
        {
          expr: `sum(websocket_server_active_connections{${WHERE}}) / sum(websocket_server_connection_limit{${WHERE}})`,
          legend: "used",
        },
      ],
    },
    {
      title: "Open by process",
      help: "Open connections of each process",
      unit: "short",
      shape: "stacked",
      width: 8,
      queries: [{ expr: `sum by (node) (websocket_server_active_connections{${WHERE}})`, legend: "{{node}}" }],
    },
    {
      title: "Opened and closed",
      help: "Connections opened, closed and refused a second",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [
        { expr: total("websocket_server_connections_total"), legend: "opened" },
        { expr: total("websocket_server_closes_total"), legend: "closed" },
        { expr: total("websocket_server_handshake_rejections_total"), legend: "refused" },
      ],
    },
    {
      title: "Closed by reason",
      help: "Close codes of ws, reasons of Socket.IO",
      unit: "cps",
      shape: "stacked",
      width: 12,
      queries: [{ expr: rate("websocket_server_closes_total", "reason"), legend: "{{reason}}" }],
    },
    {
      title: "Life of closed connections",
      help: "How long connections had been open when they closed",
      unit: "s",
      shape: "lines",
      width: 12,
      queries: percentiles("websocket_server_connection_duration_seconds"),
    },
  ],
};

const MESSAGES: Section = {
  title: "Messages",
  panels: [
    {
      title: "Messages",
      help: "Messages a second; out is once per recipient",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [{ expr: rate("websocket_server_messages_total", "direction"), legend: "{{direction}}" }],
    },
    {
      title: "Payload",
      help: "Bytes of message payloads a second",
      unit: "Bps",
      shape: "lines",
      width: 8,
      queries: [{ expr: rate("websocket_server_io_bytes_total", "direction"), legend: "{{direction}}" }],
    },
    {
      title: "Busiest events",
      help: "The ten events with most messages",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [
        {
          expr: `topk(10, ${rate("websocket_server_messages_total", "event, direction")})`,
          legend: "{{event}} {{direction}}",
        },
      ],
    },
    {
      title: "Size of messages",
      help: "Payload size of messages, 95th percentile",
      unit: "bytes",
      shape: "lines",
      width: 8,
      queries: [percentileBy(0.95, "websocket_server_message_size_bytes", "direction")],
    },
    {
      title: "Broadcasts",
      help: "Broadcasts to more than one recipient a second",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [{ expr: rate("websocket_server_broadcasts_total", "namespace"), legend: "{{namespace}}" }],
    },
    {
      title: "Not yet taken by the kernel",
      help: "Bytes accepted by send() that wait in the process",
      unit: "bytes",
      shape: "lines",
      width: 8,
      queries: [{ expr: `sum by (node) (websocket_server_send_buffered_bytes{${WHERE}})`, legend: "{{node}}" }],
    },
  ],
};

const LATENCY: Section = {
  title: "Latency",
  panels: [
    {
      title: "Latency of messages",
      help: "Dispatch to acknowledgement, else to the handler's return, or as the application reported it",
      unit: "s",
      shape: "lines",
      width: 12,
      queries: percentiles("websocket_server_message_latency_seconds"),
    },
    {
      title: "Latency of messages over time",
      help: "How many messages a second had which latency",
      unit: "s",
      shape: "heatmap",
      width: 12,
      queries: [
        {
          expr: `sum by (le) (rate(websocket_server_message_latency_seconds_bucket{${WHERE}}[${WINDOW}]))`,
          legend: "{{le}}",
        },
      ],
    },
    {
      title: "Heartbeat round trip",
      help: "Ping to pong of the transport",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: percentiles("websocket_server_rtt_seconds"),
    },
    {
      title: "Slowest handlers",
      help: "Synchronous time in handlers by event, 95th percentile",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: [percentileBy(0.95, "websocket_server_handler_duration_seconds", "event")],
    },
    {
      title: "Acknowledgements",
      help: "Time to acknowledgement by side, 95th percentile",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: [percentileBy(0.95, "websocket_server_ack_duration_seconds", "side")],
    },
  ],
};

const ERRORS: Section = {
  title: "Errors",
  panels: [
    {
      title: "Errors by type",
      help: "Errors a second",
      unit: "cps",
      shape: "stacked",
      width: 8,
      queries: [{ expr: rate("websocket_server_errors_total", "error_type"), legend: "{{error_type}}" }],
    },
    {
      title: "Handlers that threw",
      help: "By event, a second",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [{ expr: `topk(10, ${rate("websocket_server_handler_errors_total", "event")})`, legend: "{{event}}" }],
    },
    {
      title: "Acknowledgements that never came",
      help: "By event, a second",
      unit: "cps",
      shape: "lines",
      width: 8,
      queries: [{ expr: `topk(10, ${rate("websocket_server_ack_timeouts_total", "event")})`, legend: "{{event}}" }],
    },
  ],
};

const EVENT_LOOP: Section = {
  title: "Event loop and process",
  panels: [
    {
      title: "Event-loop lag",
      help: "How late the loop is, corrected for coordinated omission",
      unit: "s",
      shape: "lines",
      width: 8,
      queries: percentiles("nodejs_eventloop_lag_seconds"),
    },
    {
      title: "Event-loop utilization",
      help: "Share of time the loop was busy",
      unit: "percentunit",
      shape: "lines",
      width: 8,
      queries: [{ expr: `max by (node) (nodejs_eventloop_utilization_ratio{${WHERE}})`, legend: "{{node}}" }],
    },
    {
      title: "Garbage collection",
      help: "Share of time spent in it, by type",
      unit: "percentunit",
      shape: "stacked",
      width: 8,
      queries: [{ expr: rate("v8js_gc_duration_seconds_sum", "v8js_gc_type"), legend: "{{v8js_gc_type}}" }],
    },
    {
      title: "CPU of processes",
      help: "1 is one core",
      unit: "percentunit",
      shape: "lines",
      width: 8,
      queries: [{ expr: `sum by (node) (process_cpu_utilization_ratio{${WHERE}})`, legend: "{{node}}" }],
    },
    {
      title: "Memory of processes",
      help: "Resident set size, and heap in use",
      unit: "bytes",
      shape: "lines",
      width: 8,
      queries: [
        { expr: `sum by (node) (process_memory_usage_bytes{${WHERE}})`, legend: "{{node}} resident" },
        { expr: `sum by (node) (v8js_memory_heap_used_bytes{${WHERE}})`, legend: "{{node}} heap" },
      ],
    },
    {
      title: "Open file descriptors",
      help: "Of each process",
      unit: "short",
      shape: "lines",
      width: 8,
      queries: [{ expr: `sum by (node) (process_open_file_descriptors{${WHERE}})`, legend: "{{node}}" }],
    },
  ],
};

const HOST: Section = {
  title: "Host",
  panels: [
    {
      title: "CPU",
      help: "Busy share of all cores",
      unit: "percentunit",
      shape: "lines",
      width: 6,
      queries: [{ expr: `max by (service) (system_cpu_utilization_ratio{${WHERE}})`, legend: "{{service}}" }],
    },
    {
      title: "Memory",
      help: "Share of the host's memory in use",
      unit: "percentunit",
      shape: "lines",
      width: 6,
      queries: [{ expr: `max by (service) (system_memory_utilization_ratio{${WHERE}})`, legend: "{{service}}" }],
    },
    {
      title: "Network",
      help: "Bytes a second by direction, but loopback",
      unit: "Bps",
      shape: "lines",
      width: 6,
      queries: [
        {
          expr: `max by (service, network_io_direction) (rate(system_network_io_bytes_total{${WHERE}}[${WINDOW}]))`,
          legend: "{{service}} {{network_io_direction}}",
        },
      ],
    },
    {
      title: "Disks",
      help: "Bytes a second by direction",
      unit: "Bps",
      shape: "lines",
      width: 6,
      queries: [
        {
          expr: `max by (service, disk_io_direction) (rate(system_disk_io_bytes_total{${WHERE}}[${WINDOW}]))`,
          legend: "{{service}} {{disk_io_direction}}",
        },
      ],
    },
  ],
};

/** What the dashboard shows, from top to bottom. */
export const SECTIONS: readonly Section[] = [CONNECTIONS, MESSAGES, LATENCY, ERRORS, JOBS, EVENT_LOOP, HOST];
