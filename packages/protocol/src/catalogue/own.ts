import { define, type MetricDefinition } from "./metric.ts";

/** What wsight itself costs and how it fares. */
export const OWN_METRICS: readonly MetricDefinition[] = [
  define("wsight.probe.memory", "gauge", "By", [], "Memory of the probe's own tables, counted from their sizes"),
  define("wsight.probe.hook.calls", "counter", "{call}", [], "Calls of the probe's hooks"),
  define(
    "wsight.probe.hook.errors",
    "counter",
    "{error}",
    ["integration"],
    "Faults inside the probe's own code, caught",
  ),
  define("wsight.probe.snapshot.duration", "histogram", "s", [], "Time to take one snapshot"),
  define(
    "wsight.probe.series.dropped",
    "counter",
    "{series}",
    ["metric"],
    "Label sets folded into _other because a cap was reached",
  ),
  define("wsight.probe.sink.dropped", "counter", "{frame}", [], "Frames dropped because the hub did not take them"),
  define(
    "wsight.probe.link.reconnects",
    "counter",
    "{attempt}",
    [],
    "Times the way to the hub was lost and found again",
  ),
  define("wsight.probe.asks", "counter", "{call}", ["kind"], "Questions answered while somebody looked closer"),
  define("wsight.probe.timing.sample_ratio", "gauge", "1", [], "Share of messages that are timed", "mean"),
  define(
    "wsight.component.up",
    "gauge",
    "1",
    ["component.kind", "component.name"],
    "1 while a component answers, 0 while it does not",
    "mean",
  ),
  define(
    "wsight.component.latency",
    "histogram",
    "s",
    ["component.kind", "component.name"],
    "Round trip of a ping to a component",
  ),
  define("wsight.jobs.uptime", "gauge", "s", [], "Time since the hub began to tell figures of queues", "max"),
];
