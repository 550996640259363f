import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { onTestFinished } from "vitest";

/** What `opentelemetry-proto` 1.x says of metrics, as far as wsight writes it; numbers and types of the fields are its own. */
const OTLP_PROTO = `
syntax = "proto3";
package otlp;
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ExportMetricsServiceResponse { ExportMetricsPartialSuccess partial_success = 1; }
message ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message InstrumentationScope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data { Gauge gauge = 5; Sum sum = 7; ExponentialHistogram exponential_histogram = 10; }
}
message Gauge { repeated NumberDataPoint data_points = 1; }
enum AggregationTemporality { UNSPECIFIED = 0; DELTA = 1; CUMULATIVE = 2; }
message Sum {
  repeated NumberDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; bool is_monotonic = 3;
}
message ExponentialHistogram {
  repeated ExponentialHistogramDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2;
}
message NumberDataPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; } uint32 flags = 8;
}
message ExponentialHistogramDataPoint {
  repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  fixed64 count = 4; optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7;
  Buckets positive = 8; Buckets negative = 9; uint32 flags = 10;
  optional double min = 12; optional double max = 13; double zero_threshold = 14;
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
}
`;

const ROOT = protobuf.parse(OTLP_PROTO).root;
const REQUEST = ROOT.lookupType("otlp.ExportMetricsServiceRequest");
const RESPONSE = ROOT.lookupType("otlp.ExportMetricsServiceResponse");

/** One data point, with what it belongs to. */
export interface ReceivedPoint {
  readonly resource: Readonly<Record<string, string>>;
  readonly metric: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "exponentialHistogram";
  readonly temporality: string | undefined;
  readonly isMonotonic: boolean | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** Whole numbers of 64 bits are text. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One request as it came. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** Before compression. */
  readonly bytes: number;
  readonly points: readonly ReceivedPoint[];
}

/** Answers one request, or leaves it hanging. */
export type Mood = (response: ServerResponse) => void;

/** Takes all. */
export const GLAD: Mood = (response) => {
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
};

/** Answers with a status. */
export function answers(status: number, headers: Readonly<Record<string, string>> = {}): Mood {
  return (response) => void response.writeHead(status, headers).end("no");
}

/** Takes all but some points. */
export function rejects(points: number, reason: string): Mood {
  const body = RESPONSE.encode({ partialSuccess: { rejectedDataPoints: points, errorMessage: reason } }).finish();
  return (response) => void response.writeHead(200, { "content-type": "application/x-protobuf" }).end(body);
}

/** Never answers. */
export const SILENT: Mood = () => {};

/** A receiver of OTLP over HTTP, with moods. */
export interface OtlpReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** How it answers from now on. */
  mood: Mood;
  close(): Promise<void>;
}

/** Starts a receiver that ends with the test. @param port 0 takes a free one */
export async function startReceiver(port = 0): Promise<OtlpReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const bytes = gunzipSync(Buffer.concat(parts));
    const message = REQUEST.toObject(REQUEST.decode(bytes), { longs: String, enums: String, arrays: true });
    received.push({
      headers: request.headers,
      path: request.url ?? "",
      bytes: bytes.length,
      points: pointsOf(message),
    });
    receiver.mood(response);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    mood: GLAD,
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  onTestFinished(() => receiver.close());
  return receiver;
}

interface RawPair {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}

function attributesOf(pairs: readonly RawPair[] | undefined): Record<string, string> {
  return Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, String(Object.values(value)[0])]));
}

function pointsOf(message: Record<string, unknown>): ReceivedPoint[] {
  const points: ReceivedPoint[] = [];
  for (const { resource, scopeMetrics } of message.resourceMetrics as RawResource[]) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const kind = (["gauge", "sum", "exponentialHistogram"] as const).find((name) => metric[name] !== undefined);
        const data = kind === undefined ? undefined : metric[kind];
        if (kind === undefined || data === undefined) throw new Error(`expected data in ${metric.name}`);
        for (const { attributes, ...fields } of data.dataPoints) {
          points.push({
            resource: attributesOf(resource.attributes),
            metric: metric.name,
            unit: metric.unit,
            kind,
            temporality: data.aggregationTemporality,
            isMonotonic: data.isMonotonic,
            attributes: attributesOf(attributes as readonly RawPair[]),
            fields,
          });
        }
      }
    }
  }
  return points;
}

interface RawResource {
  readonly resource: { readonly attributes: readonly RawPair[] };
  readonly scopeMetrics: readonly { readonly metrics: readonly RawMetric[] }[];
}

interface RawData {
  readonly dataPoints: readonly Record<string, unknown>[];
  readonly aggregationTemporality?: string;
  readonly isMonotonic?: boolean;
}

interface RawMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: RawData;
  readonly sum?: RawData;
  readonly exponentialHistogram?: RawData;
}
