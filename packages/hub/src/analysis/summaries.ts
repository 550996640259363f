import { composeSummary, HISTORY_TIERS, Histogram, type Summary } from "@wsight/protocol";
import type { HistoryReader, StoredSeries } from "../store/reader.ts";
import { type Evaluated, evaluate } from "./evaluate.ts";
import { alignedGrid, coarsest, heldTiers, type Plan } from "./grid.ts";
import { Pace } from "./pace.ts";
import { spanOf } from "./spans.ts";

const MINUTE_MS = 60_000;
/** Looking back for `rate_15m`. */
const LONGEST_RATE_MS = 15 * MINUTE_MS;

/** Which summaries. */
export interface SummariesQuery {
  /** Intervals that start from here on, ms epoch. */
  readonly fromAt: number;
  /** ms epoch, exclusive. */
  readonly toAt: number;
  /** Length of an interval, ms. */
  readonly intervalMs: number;
  /** Only this node, as `service/instance`. */
  readonly node?: string;
}

const LATENCY = "websocket.server.message.latency";
const DURATION = "websocket.server.connection.duration";

/** What the plain numbers of a summary are made from. */
const FIGURES = [
  { metric: "websocket.server.active_connections", agg: "last" },
  { metric: "websocket.server.connections", agg: "increase" },
  { metric: "websocket.server.closes", agg: "increase" },
  { metric: "websocket.server.messages", agg: "rate" },
  { metric: "process.uptime", agg: "last" },
  { metric: "websocket.server.errors", agg: "increase", by: ["error.type"], top: 500 },
] as const;

/** One interval's place in what was evaluated, and what is needed to make a summary of it. */
interface Parts {
  readonly plan: Plan;
  readonly open: Evaluated;
  readonly created: Evaluated;
  readonly closed: Evaluated;
  readonly messages: Evaluated;
  readonly uptime: Evaluated;
  readonly errors: Evaluated;
  /** Merged distributions, by interval. */
  readonly latency: ReadonlyMap<number, Histogram>;
  readonly duration: ReadonlyMap<number, Histogram>;
}

/**
 * The past as one summary per interval, oldest first; intervals in which
 * nothing was known are absent. Over all nodes or one.
 */
export async function readSummaries(
  reader: HistoryReader,
  query: SummariesQuery,
  signal: AbortSignal,
): Promise<readonly Summary[]> {
  signal.throwIfAborted();
  const { intervalMs, node, toAt } = query;
  const extents = await reader.extents();
  const before = Math.max(0, Math.ceil(LONGEST_RATE_MS / intervalMs) - 1);
  const fromAt = Math.ceil(query.fromAt / intervalMs) * intervalMs;
  const range = { fromAt: fromAt - before * intervalMs, toAt };
  const fitting = heldTiers(extents, range).filter((tierMs) => intervalMs % tierMs === 0);
  // Where no tier as fine reaches back so far, what there still is of it is shown.
  const held = fitting.length > 0 ? fitting : HISTORY_TIERS.map(({ stepMs }) => stepMs);
  const plan: Plan = { grid: alignedGrid(range, intervalMs), held, tierMs: coarsest(held, intervalMs) };
  const nodes = node === undefined ? {} : { nodes: [node] };
  const selectors = FIGURES.map((selector) => ({ ...selector, ...nodes }));
  const { results } = await evaluate(selectors, { reader, plan, extents, signal });
  const [open, created, closed, messages, uptime, errors] = results as [
    Evaluated,
    Evaluated,
    Evaluated,
    Evaluated,
    Evaluated,
    Evaluated,
  ];
  const latency = await headline(reader, await reader.series({ metrics: [LATENCY], ...nodes }), plan, signal);
  const duration = await merged(reader, await reader.series({ metrics: [DURATION], ...nodes }), plan, signal);
  const parts = { plan, open, created, closed, messages, uptime, errors, latency, duration };
  const cells = Array.from({ length: plan.grid.cells - before }, (_, i) => before + i);
  return cells.filter((cell) => secondsAt(parts, cell) > 0).map((cell) => summaryOf(parts, cell));
}

function summaryOf(parts: Parts, cell: number): Summary {
  const { grid } = parts.plan;
  const at = grid.fromAt + cell * grid.stepMs;
  const errorsByType = new Map<string, number>();
  for (const { line, values } of parts.errors.lines) {
    const count = values[cell] as number;
    if (count > 0) errorsByType.set(line.labels["error.type"] ?? "", count);
  }
  const errors = [...errorsByType.values()].reduce((sum, count) => sum + count, 0);
  const rate = valueAt(parts.messages, cell);
  return composeSummary({
    at,
    startedAt: at - valueAt(parts.uptime, cell) * 1000,
    open: valueAt(parts.open, cell),
    created: valueAt(parts.created, cell),
    closed: valueAt(parts.closed, cell),
    users: [],
    channels: [],
    messageRates: [rate, rate, trailingRate(parts, cell)],
    latency: parts.latency.get(cell) ?? new Histogram(),
    errorsByType,
    errorsPerMinute: errors / (secondsAt(parts, cell) / 60),
    recentErrors: [],
    duration: parts.duration.get(cell) ?? new Histogram(),
  });
}

/** Messages of the 15 minutes that end with an interval, by the time of them that was watched. */
function trailingRate({ plan, messages }: Parts, cell: number): number {
  const { values, seconds } = messages.lines[0] ?? { values: [], seconds: [] };
  const first = cell + 1 - Math.max(1, Math.ceil(LONGEST_RATE_MS / plan.grid.stepMs));
  let grown = 0;
  let watched = 0;
  for (let i = Math.max(0, first); i <= cell; i++) {
    const rate = values[i] as number;
    if (!(rate >= 0)) continue;
    grown += rate * (seconds[i] as number);
    watched += seconds[i] as number;
  }
  return watched > 0 ? grown / watched : 0;
}

/** The figure of the one line; 0 where nothing is known. */
function valueAt({ lines }: Evaluated, cell: number): number {
  const value = lines[0]?.values[cell];
  return value === undefined || value !== value ? 0 : value;
}

/** Seconds of an interval that any of the figures knows. */
function secondsAt(
  { open, created, closed, messages, uptime, errors, latency, duration, plan }: Parts,
  cell: number,
): number {
  const known = [open, created, closed, messages, uptime, errors].flatMap(({ lines }) => lines);
  const seconds = known.reduce((most, line) => Math.max(most, line.seconds[cell] as number), 0);
  return seconds > 0 || !(latency.has(cell) || duration.has(cell)) ? seconds : plan.grid.stepMs / 1000;
}

/** What the application reported itself, if it did within an interval; else all that was measured. As in the current summary. */
async function headline(
  reader: HistoryReader,
  series: readonly StoredSeries[],
  plan: Plan,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Histogram>> {
  const isReported = (one: StoredSeries): boolean => one.series.labels.source === "app";
  const reported = await merged(reader, series.filter(isReported), plan, signal);
  const measured = await merged(
    reader,
    series.filter((one) => !isReported(one)),
    plan,
    signal,
  );
  return new Map([...measured, ...reported]);
}

/** Distributions of series put together, for each interval that has any. */
async function merged(
  reader: HistoryReader,
  series: readonly StoredSeries[],
  plan: Plan,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Histogram>> {
  const whole = new Map<number, Histogram>();
  const { tierMs: stepMs, fromAt, toAt } = spanOf(plan);
  const pace = new Pace(signal);
  for await (const { at, histogram, length } of reader.columns(
    { series, stepMs, fromAt, toAt, columns: ["histogram"] },
    signal,
  )) {
    for (let i = 0; i < length; i++) {
      const cell = Math.floor(((at[i] as number) - fromAt) / plan.grid.stepMs);
      const sum = whole.get(cell) ?? new Histogram();
      whole.set(cell, sum);
      mergeInto(sum, histogram[i] as Uint8Array);
      if (pace.isDue) await pace.rest();
    }
  }
  return whole;
}

function mergeInto(sum: Histogram, bytes: Uint8Array): void {
  try {
    sum.merge(Histogram.decode(bytes));
  } catch {
    // A damaged distribution is left out; the rest of the interval is still true.
  }
}
