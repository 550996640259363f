import { DATABASE_METRICS } from "./catalogue/database.ts";
import { HOST_METRICS } from "./catalogue/host.ts";
import { HTTP_METRICS } from "./catalogue/http.ts";
import type { MetricDefinition } from "./catalogue/metric.ts";
import { OWN_METRICS } from "./catalogue/own.ts";
import { PROCESS_METRICS } from "./catalogue/process.ts";
import { QUEUE_METRICS } from "./catalogue/queue.ts";
import { WEBSOCKET_METRICS } from "./catalogue/websocket.ts";

export { METRIC_KINDS, type MetricDefinition, type MetricKind, type MetricUnit } from "./catalogue/metric.ts";

/** Every metric the product knows. Names follow OpenTelemetry where a convention exists. */
export const CATALOGUE: readonly MetricDefinition[] = [
  ...WEBSOCKET_METRICS,
  ...HTTP_METRICS,
  ...DATABASE_METRICS,
  ...QUEUE_METRICS,
  ...PROCESS_METRICS,
  ...HOST_METRICS,
  ...OWN_METRICS,
];

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(CATALOGUE.map((metric) => [metric.name, metric]));

/** Looks a metric up by its dotted name. */
export function findMetric(name: string): MetricDefinition | undefined {
  return BY_NAME.get(name);
}

/** Label value that stands for everything beyond a cap (`otel.metric.overflow` in OpenTelemetry's words). */
export const OTHER = "_other";
