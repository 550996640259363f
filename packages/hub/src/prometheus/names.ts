import { CATALOGUE, type MetricDefinition } from "@wsight/protocol";

/** What a sample name stands for: the reading of a gauge or counter, or a part of a distribution; `histogram` is a native one, whole. */
export type ExposedPart = "value" | "bucket" | "sum" | "count" | "histogram";

/** What a Prometheus metric name means here. */
export interface ExposedName {
  readonly metric: MetricDefinition;
  readonly part: ExposedPart;
}

/** Labels that every series has beside its attributes: the service, and the process as `service/instance`. */
export const NODE_LABELS = ["service", "node"] as const;

/**
 * Names that the rule would make misleading: what ends in `_count` is taken
 * for a part of a histogram, and what is up or not is no ratio.
 */
const NAMED: Readonly<Record<string, string>> = {
  "db.client.connection.count": "db_client_connections",
  "process.thread.count": "process_threads",
  "process.open_file_descriptor.count": "process_open_file_descriptors",
  "system.cpu.logical.count": "system_cpu_logical_cores",
  "system.process.count": "system_processes",
  "wsight.component.up": "wsight_component_up",
};

/** Upper bounds of classic buckets by unit: powers of two, all of them bounds of our own buckets, so that counts are exact. */
const SECONDS_BOUNDS = powersOfTwo(-13, 6, 1);
const BYTES_BOUNDS = powersOfTwo(4, 30, 2);
const OTHER_BOUNDS = powersOfTwo(0, 20, 1);

/** Unit as OpenMetrics writes it at the end of a name; empty for none. */
export function unitSuffix({ name, kind, unit }: MetricDefinition): "seconds" | "bytes" | "ratio" | "" {
  if (unit === "s") return "seconds";
  if (unit === "By") return "bytes";
  return unit === "1" && kind === "gauge" && NAMED[name] === undefined ? "ratio" : "";
}

/** Name of the metric family: `websocket.server.io` → `websocket_server_io_bytes`. Samples of a counter have `_total` behind it. */
export function familyName(metric: MetricDefinition): string {
  const name = NAMED[metric.name] ?? metric.name.replaceAll(".", "_");
  const unit = unitSuffix(metric);
  return unit === "" || name.endsWith(`_${unit}`) ? name : `${name}_${unit}`;
}

/** Name of the samples of one part of a metric. */
export function sampleName(metric: MetricDefinition, part: ExposedPart): string {
  const family = familyName(metric);
  if (part === "histogram") return family;
  if (part === "value") return metric.kind === "counter" ? `${family}_total` : family;
  return `${family}_${part}`;
}

/** Name of an attribute as a label: `ws.server` → `ws_server`. */
export function labelName(attribute: string): string {
  return attribute.replaceAll(".", "_");
}

const EXPOSED: ReadonlyMap<string, ExposedName> = new Map(
  CATALOGUE.flatMap((metric) => {
    const parts: readonly ExposedPart[] =
      metric.kind === "histogram" ? ["bucket", "sum", "count", "histogram"] : ["value"];
    return parts.map((part) => [sampleName(metric, part), { metric, part }] as const);
  }),
);

/** What a sample name means; `undefined` for names that nothing here has. */
export function findExposed(name: string): ExposedName | undefined {
  return EXPOSED.get(name);
}

/** Every sample name there can be, in the order of the catalogue. */
export function exposedNames(): readonly string[] {
  return [...EXPOSED.keys()];
}

/** The attribute of a metric that a label stands for; `undefined` when the metric has none of that name. */
export function attributeOf(metric: MetricDefinition, label: string): string | undefined {
  return metric.attributes.find((attribute) => labelName(attribute) === label);
}

/** Upper bounds (`le`, inclusive) of the classic buckets of a distribution, lowest first, without `+Inf`. */
export function bucketBounds({ unit }: Pick<MetricDefinition, "unit">): readonly number[] {
  if (unit === "s") return SECONDS_BOUNDS;
  return unit === "By" ? BYTES_BOUNDS : OTHER_BOUNDS;
}

/**
 * A bucket's bound as text, canonical as OpenMetrics has it (Go's `%g`, with
 * `.0` where nothing tells a float): `0.25`, `1.0`, `1.048576e+06`, `+Inf`.
 */
export function formatBound(bound: number): string {
  if (bound === Infinity) return "+Inf";
  const [digits = "", power = "0"] = bound.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const plain = String(bound);
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** Service of a node: what stands before the instance in `service/instance`. */
export function serviceOf(node: string): string {
  const slash = node.indexOf("/");
  return slash < 0 ? node : node.slice(0, slash);
}

function powersOfTwo(from: number, to: number, step: number): readonly number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, i) => 2 ** (from + i * step));
}
