import { composeSummary, Histogram, type Summary } from "@wsight/protocol";
import type { RateRing } from "./instruments/rate-ring.ts";
import type { ProbeContext } from "./integration.ts";

/** The contract's summary of this process alone; a hub answers the same over all of them. */
export function summarise(
  context: ProbeContext,
  state: { startedAt: number; messages: RateRing; errors: RateRing },
): Summary {
  const { registry, connections, errors, options } = context;
  const sum = (metric: string): number => {
    let total = 0;
    registry.eachCounter(metric, (counter) => {
      total += counter.value;
    });
    return total;
  };
  const errorsByType = new Map<string, number>();
  registry.eachCounter("websocket.server.errors", ({ series, value }) => {
    if (value > 0) errorsByType.set(series.labels["error.type"] ?? "", value);
  });
  const duration = new Histogram();
  registry.eachHistogram("websocket.server.connection.duration", (part) => duration.merge(part));
  return composeSummary({
    at: context.now(),
    startedAt: state.startedAt,
    open: registry.sumGauge("websocket.server.active_connections"),
    created: sum("websocket.server.connections"),
    closed: sum("websocket.server.closes"),
    users: connections.users(options.caps.topRows).rows,
    channels: connections.channels(options.caps.topRows).rows,
    messageRates: [state.messages.rate(60), state.messages.rate(300), state.messages.rate(900)],
    latency: headlineLatency(context),
    errorsByType,
    errorsPerMinute: state.errors.growth(60),
    recentErrors: errors.recent(),
    duration,
  });
}

/** What the application reported when it reported anything, else what was measured. */
function headlineLatency(context: ProbeContext): Histogram {
  const reported = context.registry.histogram("websocket.server.message.latency", { source: "app" });
  if (reported.count > 0) return reported;
  const measured = context.latency.handler.clone();
  measured.merge(context.latency.ack);
  return measured;
}
