import { bucketBound, type Labels } from "@wsight/protocol";
import type { Pacer } from "./pacer.ts";
import type { PromqlError } from "./promql-error.ts";
import type { PrometheusReply } from "./request.ts";
import type { Distribution } from "./values/distribution.ts";
import { type Grid, momentOf } from "./values/grid.ts";
import { keyOfLabels } from "./values/labels.ts";
import type { Line, Value } from "./values/line.ts";

/** How a bucket includes its bounds, as the API numbers it: above only, or both. */
const OPEN_LEFT = 0;
const CLOSED = 3;

/** An answer in the form of the Prometheus API; `data` is JSON already. */
export function successReply(data: string, warnings: Iterable<string> = []): PrometheusReply {
  const told = [...warnings];
  const more = told.length === 0 ? "" : `,"warnings":${JSON.stringify(told)}`;
  return { status: 200, body: `{"status":"success","data":${data}${more}}` };
}

/** A refusal in the form of the Prometheus API. */
export function errorReply({ status, errorType, message }: PromqlError): PrometheusReply {
  return { status, body: JSON.stringify({ status: "error", errorType, error: message }) };
}

/** The value of one moment. */
export function instantData(value: Value, at: number): string {
  if (value.type === "string") return result("string", `[${at / 1000},${JSON.stringify(value.text)}]`);
  if (value.type === "scalar") return result("scalar", point(at, value.values[0] ?? Number.NaN));
  return result(
    "vector",
    `[${value.lines
      .filter(({ present }) => present[0] === 1)
      .map((line) => {
        const histogram = line.histograms?.[0] ?? null;
        const told =
          histogram === null ? `"value":${point(at, line.values[0] ?? 0)}` : `"histogram":${whole(at, histogram)}`;
        return `{"metric":${formatLabels(line.labels)},${told}}`;
      })
      .join(",")}]`,
  );
}

/** Values of all moments, series by series. @throws PromqlError `execution` for more than an answer may hold */
export async function rangeData(value: Value, grid: Grid, pacer: Pacer): Promise<string> {
  const lines =
    value.type === "vector" ? sorted(value.lines) : value.type === "scalar" ? [scalarLine(value.values)] : [];
  const parts: string[] = [];
  for (const line of lines) {
    await pacer.turn();
    const told = pointsOf(line, grid);
    pacer.spendAnswer(told.length);
    const kind = line.histograms === null ? "values" : "histograms";
    if (told.length > 0) parts.push(`{"metric":${formatLabels(line.labels)},"${kind}":[${told.join(",")}]}`);
  }
  return result("matrix", `[${parts.join(",")}]`);
}

/** Values as they are stored, of the series of a range selector. */
export function storedData(
  streams: readonly { readonly labels: Labels; readonly points: readonly string[] }[],
): string {
  const parts = streams.map(
    ({ labels, points }) => `{"metric":${formatLabels(labels)},"values":[${points.join(",")}]}`,
  );
  return result("matrix", `[${parts.join(",")}]`);
}

/** A moment and its value: `[1700000000.5,"1"]`. */
export function point(at: number, value: number): string {
  return `[${at / 1000},"${formatValue(value)}"]`;
}

/** Labels as JSON, in the order of their names. */
export function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(labels[name])}`).join(",")}}`;
}

/** A number as Prometheus writes it: `+Inf`, and exponents of two digits at least. */
function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  return String(value).replace(/e([-+])(\d)$/, "e$10$2");
}

function result(type: string, data: string): string {
  return `{"resultType":"${type}","result":${data}}`;
}

function sorted(lines: readonly Line[]): readonly Line[] {
  const keyed = lines.map((line) => ({ line, key: keyOfLabels(line.labels) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ line }) => line);
}

function scalarLine(values: Float64Array): Line {
  return { labels: {}, values, present: new Uint8Array(values.length).fill(1), histograms: null };
}

function pointsOf({ present, values, histograms }: Line, grid: Grid): readonly string[] {
  const points: string[] = [];
  for (let place = 0; place < grid.length; place++) {
    if (present[place] !== 1) continue;
    const at = momentOf(grid, place);
    const histogram = histograms?.[place] ?? null;
    points.push(histogram === null ? point(at, values[place] ?? 0) : whole(at, histogram));
  }
  return points;
}

function whole(at: number, distribution: Distribution): string {
  const { count, sum, zeroCount } = distribution;
  const zero = zeroCount > 0 ? [bucket(CLOSED, 0, 0, zeroCount)] : [];
  const buckets = distribution
    .sorted()
    .map(([index, held]) => bucket(OPEN_LEFT, bucketBound(index), bucketBound(index + 1), held));
  const told = [...zero, ...buckets].join(",");
  return `[${at / 1000},{"count":"${formatValue(count)}","sum":"${formatValue(sum)}","buckets":[${told}]}]`;
}

function bucket(rule: number, low: number, high: number, count: number): string {
  return `[${rule},"${formatValue(low)}","${formatValue(high)}","${formatValue(count)}"]`;
}
