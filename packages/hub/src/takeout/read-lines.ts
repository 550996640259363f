import {
  asFields,
  asInteger,
  asNumber,
  asOneOf,
  asText,
  expected,
  HISTORY_EVENT_KINDS,
  HISTORY_TIERS,
  Histogram,
  type HistoryEvent,
  parseJson,
  parseLabels,
  parseMetric,
  type Series,
  seriesKey,
  WsightError,
} from "@wsight/protocol";
import type { Sample } from "../store/sample.ts";
import { LINES_VERSION } from "./takeout-text.ts";

const CODE = "BAD_REQUEST";
const MAX_NODE = 129;
/** Nothing is kept of later times. */
const LATEST = Date.UTC(2200, 0, 1) - 1;
const MAX_ATTRIBUTES = 16;
/** Series that are one object for all their samples; beyond it all are forgotten and made again. */
const MAX_SERIES = 200_000;
const STEPS: readonly number[] = HISTORY_TIERS.map(({ stepMs }) => stepMs);

/** What one line of an export says. */
export type TakeoutLine =
  | { readonly type: "start" }
  | { readonly type: "sample"; readonly sample: Sample }
  | { readonly type: "event"; readonly event: HistoryEvent }
  | { readonly type: "end"; readonly samples: number; readonly events: number };

/** Reads lines that `export --format ndjson` wrote. */
export class LineReader {
  readonly #series = new Map<string, Series>();

  /** @throws WsightError `BAD_REQUEST` saying what was expected */
  read(text: string): TakeoutLine {
    const fields = asFields(CODE, "line", parseJson(CODE, "line", text));
    const type = asOneOf(CODE, "type", fields.type, ["sample", "event", "wsight-history", "end"]);
    if (type === "sample") return { type, sample: this.#sample(fields) };
    if (type === "event") return { type, event: readEvent(fields) };
    if (type === "end") {
      return {
        type,
        samples: asInteger(CODE, "samples", fields.samples, 0),
        events: asInteger(CODE, "events", fields.events, 0),
      };
    }
    const version = asInteger(CODE, "version", fields.version, 1);
    if (version <= LINES_VERSION) return { type: "start" };
    throw new WsightError(CODE, `version: expected ${LINES_VERSION} or older, got ${version}: upgrade wsight`);
  }

  #sample(fields: Readonly<Record<string, unknown>>): Sample {
    const intervalMs = asInteger(CODE, "intervalMs", fields.intervalMs, 1);
    if (!STEPS.includes(intervalMs)) throw expected(CODE, "intervalMs", `one of ${STEPS.join(", ")}`, intervalMs);
    const at = asInteger(CODE, "at", fields.at, 0);
    if (at % intervalMs !== 0) throw expected(CODE, "at", `a multiple of ${intervalMs}`, at);
    const series = this.#seriesOf(fields);
    const number = (name: string): number => asNumber(CODE, name, fields[name]);
    const whole: Sample = {
      node: asText(CODE, "node", fields.node, MAX_NODE),
      series,
      at,
      intervalMs,
      min: number("min"),
      max: number("max"),
      sum: number("sum"),
      count: number("count"),
      last: number("last"),
    };
    return fields.histogram === undefined ? whole : { ...whole, histogram: readHistogram(fields.histogram) };
  }

  #seriesOf({ metric: name, labels }: Readonly<Record<string, unknown>>): Series {
    const metric = parseMetric(name);
    const parsed = parseLabels(metric, labels);
    const key = seriesKey(metric.name, parsed);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_SERIES) this.#series.clear();
    const series: Series = { metric, labels: parsed };
    this.#series.set(key, series);
    return series;
  }
}

function readHistogram(value: unknown): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(asText(CODE, "histogram", value, 65_536), "base64"));
  Histogram.decode(bytes);
  return bytes;
}

function readEvent(fields: Readonly<Record<string, unknown>>): HistoryEvent {
  const attributes = Object.entries(asFields(CODE, "attributes", fields.attributes));
  if (attributes.length > MAX_ATTRIBUTES)
    throw expected(CODE, "attributes", `at most ${MAX_ATTRIBUTES}`, attributes.length);
  return {
    at: asInteger(CODE, "at", fields.at, 0, LATEST),
    kind: asOneOf(CODE, "kind", fields.kind, HISTORY_EVENT_KINDS),
    node: fields.node === null ? null : asText(CODE, "node", fields.node, MAX_NODE),
    subject: asText(CODE, "subject", fields.subject, 1024),
    text: asText(CODE, "text", fields.text, 4096),
    attributes: Object.fromEntries(
      attributes.map(([name, value]) => [
        name,
        typeof value === "number" ? asNumber(CODE, name, value) : asText(CODE, name, value, 1024),
      ]),
    ),
  };
}
