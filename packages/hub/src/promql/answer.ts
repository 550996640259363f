import type { HistoryReader } from "../store/reader.ts";
import { evaluate } from "./evaluate/evaluate.ts";
import type { Expression, Selector } from "./expression.ts";
import { errorReply, formatLabels, instantData, point, rangeData, storedData, successReply } from "./format.ts";
import { readLabelSets } from "./names.ts";
import { DEFAULT_LIMITS, Pacer } from "./pacer.ts";
import { parseQuery } from "./parse.ts";
import { PromqlError } from "./promql-error.ts";
import type { PrometheusReply, PrometheusRequest, RangeRequest } from "./request.ts";
import { createSource } from "./source/source.ts";
import { typeOf } from "./types.ts";
import type { Grid } from "./values/grid.ts";
import { keyOfLabels, labelOf } from "./values/labels.ts";

/** Most moments of one query, as in Prometheus. */
const MAX_MOMENTS = 11_000;
/** Most names, or label sets, of one answer. */
const MAX_NAMES = 100_000;

/**
 * Answers a request of the Prometheus API from the store. What is wrong with a
 * query is an answer, too: with the status and in the form that Prometheus has.
 * @throws the signal's reason
 */
export async function answerPrometheus(
  reader: HistoryReader,
  request: PrometheusRequest,
  signal: AbortSignal,
): Promise<PrometheusReply> {
  try {
    return await answer(reader, request, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PromqlError) return errorReply(error);
    throw error;
  }
}

function answer(reader: HistoryReader, request: PrometheusRequest, signal: AbortSignal): Promise<PrometheusReply> {
  const timeoutMs = "timeoutMs" in request ? request.timeoutMs : null;
  const timeMs = Math.min(DEFAULT_LIMITS.timeMs, timeoutMs ?? Infinity);
  const task = { reader, signal, pacer: new Pacer({ ...DEFAULT_LIMITS, timeMs }, signal) };
  switch (request.type) {
    case "query":
      return answerInstant(task, request.query, request.at);
    case "query_range":
      return answerRange(task, request);
    default:
      return answerNames(task, request);
  }
}

interface Task {
  readonly reader: HistoryReader;
  readonly signal: AbortSignal;
  readonly pacer: Pacer;
}

async function answerInstant(task: Task, query: string, at: number): Promise<PrometheusReply> {
  const expression = parseQuery(query);
  const grid = { fromAt: at, stepMs: 1000, length: 1 };
  if (expression.type === "selector" && expression.rangeMs !== null)
    return answerStored(task, { ...expression, rangeMs: expression.rangeMs }, grid);
  return withValue(task, expression, grid, async (value) => instantData(value, at));
}

async function answerRange(task: Task, request: RangeRequest): Promise<PrometheusReply> {
  const { query, fromAt, toAt, stepMs } = request;
  const length = Math.floor((toAt - fromAt) / stepMs) + 1;
  if (length > MAX_MOMENTS) {
    throw new PromqlError(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  const expression = parseQuery(query);
  const type = typeOf(expression);
  if (type === "matrix" || type === "string") {
    const name = type === "matrix" ? "range vector" : "string";
    throw new PromqlError(
      "bad_data",
      `invalid parameter "query": invalid expression type "${name}" for range query, must be Scalar or instant Vector`,
    );
  }
  const grid = { fromAt, stepMs, length };
  return withValue(task, expression, grid, (value) => rangeData(value, grid, task.pacer));
}

async function withValue(
  { reader, signal, pacer }: Task,
  expression: Expression,
  grid: Grid,
  format: (value: Awaited<ReturnType<typeof evaluate>>) => Promise<string>,
): Promise<PrometheusReply> {
  const source = createSource(reader, pacer, signal);
  const warnings = new Set<string>();
  const value = await evaluate(expression, { source, grid, pacer, warn: (text) => warnings.add(text) });
  return successReply(await format(value), [...source.warnings, ...warnings]);
}

/** The values of a range selector as they are stored. */
async function answerStored(
  { reader, signal, pacer }: Task,
  selector: Selector & { readonly rangeMs: number },
  grid: Grid,
): Promise<PrometheusReply> {
  const source = createSource(reader, pacer, signal);
  const endAt = grid.fromAt - selector.offsetMs;
  const streams = [];
  for await (const stream of source.read(selector, grid, {
    isGrowth: false,
    looksWithin: false,
    isExhaustive: false,
  })) {
    await pacer.turn();
    if (stream.type === "distribution") continue;
    const points: string[] = [];
    stream.times.forEach((at, i) => {
      if (at >= endAt - selector.rangeMs && at <= endAt) points.push(point(at, stream.values[i] ?? 0));
    });
    pacer.spendAnswer(points.length);
    if (points.length > 0) streams.push({ labels: stream.labels, points });
  }
  return successReply(storedData(streams), source.warnings);
}

type NameRequest = Extract<PrometheusRequest, { type: "series" | "labels" | "label-values" }>;

async function answerNames(task: Task, request: NameRequest): Promise<PrometheusReply> {
  const { type, match, time } = request;
  const limit = time.limit ?? Infinity;
  const found = new Map<string, string>();
  for await (const labels of readLabelSets(task, match, time)) {
    if (type === "series") found.set(keyOfLabels(labels), formatLabels(labels));
    else if (type === "labels") for (const name of Object.keys(labels)) found.set(name, JSON.stringify(name));
    else {
      const value = labelOf(labels, request.label);
      if (value !== "") found.set(value, JSON.stringify(value));
    }
    if (found.size > MAX_NAMES) throw new PromqlError("execution", `more than ${MAX_NAMES} names: narrow match[] down`);
    if (type === "series" && found.size >= limit) break;
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit);
  return successReply(`[${sorted.map(([, text]) => text).join(",")}]`);
}
