import { Histogram, type HistoryEvent } from "@wsight/protocol";
import type { Sample } from "../store/sample.ts";
import type { TakeoutPart, TakeoutPlan } from "./takeout.ts";
import type { TakeoutFormat, TakeoutQuery } from "./takeout-query.ts";

/** Version of the lines that `import` reads. */
export const LINES_VERSION = 1;

/** Text of one format, piece by piece. */
export interface TakeoutText {
  begin(query: TakeoutQuery, plan: TakeoutPlan): string;
  part(part: TakeoutPart): string;
  end(samples: number, events: number): string;
}

/** How each format is written. */
export const TAKEOUT_TEXTS: Readonly<Record<TakeoutFormat, () => TakeoutText>> = {
  ndjson: createLines,
  json: createJson,
  csv: createCsv,
};

/** Media type and end of the name of a file. */
export const TAKEOUT_TYPES: Readonly<Record<TakeoutFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  json: "application/json; charset=utf-8",
  csv: "text/csv; charset=utf-8",
};

/** A line for each sample and event, each of them whole; the first says what it is, the last that it is all. */
function createLines(): TakeoutText {
  return {
    begin: (_, { fromAt, toAt, extents }) =>
      line({ type: "wsight-history", version: LINES_VERSION, fromAt, toAt, stepsMs: stepsOf(extents) }),
    part: (part) =>
      part.type === "samples"
        ? part.samples.map((sample) => line({ type: "sample", ...sampleFields(sample) })).join("")
        : part.events.map((event) => line({ type: "event", ...event })).join(""),
    end: (samples, events) => line({ type: "end", samples, events }),
  };
}

function stepsOf(extents: TakeoutPlan["extents"]): readonly number[] {
  return extents.map(({ stepMs }) => stepMs);
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function createJson(): TakeoutText {
  let open: TakeoutPart["type"] | null = null;
  const item = (list: TakeoutPart["type"], value: object): string => {
    const before = open === list ? ",\n" : open === null ? `"${list}":[\n` : `\n],"${list}":[\n`;
    open = list;
    return before + JSON.stringify(value);
  };
  return {
    begin: (_, { fromAt, toAt, extents }) =>
      `{"fromAt":${fromAt},"toAt":${toAt},"stepsMs":${JSON.stringify(stepsOf(extents))},\n`,
    part: (part) =>
      part.type === "samples"
        ? part.samples.map((sample) => item("samples", sampleFields(sample))).join("")
        : part.events.map((event) => item("events", event)).join(""),
    end: () => (open === null ? '"samples":[]}\n' : "\n]}\n"),
  };
}

function sampleFields({ node, series, at, intervalMs, min, max, sum, count, last, histogram }: Sample): object {
  const { metric, labels } = series;
  const numbers = { intervalMs, min, max, sum, count, last };
  const bytes = histogram === undefined ? {} : { histogram: Buffer.from(histogram).toString("base64") };
  return { at, node, metric: metric.name, labels, unit: metric.unit, ...numbers, ...bytes };
}

const SAMPLE_COLUMNS = ["min", "max", "sum", "mean", "p50", "p95", "p99", "last"] as const;

/** One table: of samples, or of events. Spreadsheets open it without running anything. */
function createCsv(): TakeoutText {
  let eventsOnly = false;
  return {
    begin({ metrics, samples }) {
      eventsOnly = !samples;
      if (eventsOnly) return row(["time (UTC)", "kind", "node", "subject", "text", "attributes"]);
      const units = new Set((metrics ?? []).map(({ unit }) => unit));
      // Of several units none can stand in the header.
      const [unit] = units.size === 1 ? units : ["see unit"];
      return row([
        "time (UTC)",
        "interval (s)",
        "node",
        "metric",
        "labels",
        "unit",
        "count",
        ...SAMPLE_COLUMNS.map((name) => `${name} (${unit})`),
      ]);
    },
    part(part) {
      if (part.type === "samples") return eventsOnly ? "" : part.samples.map((sample) => row(cellsOf(sample))).join("");
      return eventsOnly ? part.events.map((event) => row(eventCells(event))).join("") : "";
    },
    end: () => "",
  };
}

function cellsOf({ node, series, at, intervalMs, min, max, sum, count, last, histogram }: Sample): readonly Cell[] {
  const { metric, labels } = series;
  const names = Object.keys(labels).sort();
  const distribution = histogram === undefined ? null : Histogram.decode(histogram);
  return [
    new Date(at).toISOString(),
    intervalMs / 1000,
    node,
    metric.name,
    names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(","),
    metric.unit,
    count,
    min,
    max,
    sum,
    count > 0 ? sum / count : null,
    ...[0.5, 0.95, 0.99].map((q) => distribution?.quantile(q) ?? null),
    metric.kind === "histogram" ? null : last,
  ];
}

function eventCells({ at, kind, node, subject, text, attributes }: HistoryEvent): readonly Cell[] {
  const facts = Object.keys(attributes).length === 0 ? "" : JSON.stringify(attributes);
  return [new Date(at).toISOString(), kind, node, subject, text, facts];
}

type Cell = string | number | null;

function row(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/** One cell after RFC 4180; text that a spreadsheet would take for a formula gets a quote before it (CWE-1236). */
export function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
