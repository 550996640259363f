import type { LoadFigure, LoadGate, LoadResult } from "@wsight/protocol";

/** What gates look at: a result that has not been judged yet. */
export type Figures = Pick<LoadResult, "connections" | "messages" | "tool">;

/** Value of a figure; `null` when the run has none. */
function figureOf(figures: Figures, name: LoadFigure): number | null {
  return READ[name](figures);
}

/** Holds a run against its gates. What could not be measured has not passed. */
export function judge(figures: Figures, gates: readonly LoadGate[]): LoadResult["verdict"] {
  return gates.map((gate) => {
    const value = figureOf(figures, gate.figure);
    return { gate, value, passed: value !== null && COMPARE[gate.comparison](value, gate.limit) };
  });
}

const COMPARE: Readonly<Record<LoadGate["comparison"], (value: number, limit: number) => boolean>> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
};

const READ: Readonly<Record<LoadFigure, (figures: Figures) => number | null>> = {
  // What the server threw out again was no connection that succeeded.
  connected: ({ connections: { wanted, opened, dropped } }) => (wanted > 0 ? (opened - dropped) / wanted : null),
  messages: ({ messages: { answered, lost, latency, sent } }) => {
    if (answered + lost > 0) return answered / (answered + lost);
    return latency === null && sent > 0 ? null : 1;
  },
  avg: ({ messages }) => messages.latency?.avg ?? null,
  p50: ({ messages }) => messages.latency?.p50 ?? null,
  p90: ({ messages }) => messages.latency?.p90 ?? null,
  p95: ({ messages }) => messages.latency?.p95 ?? null,
  p99: ({ messages }) => messages.latency?.p99 ?? null,
  p999: ({ messages }) => messages.latency?.p999 ?? null,
  max: ({ messages }) => messages.latency?.max ?? null,
  "service-p95": ({ messages }) => messages.service?.p95 ?? null,
  "connect-p95": ({ connections }) => connections.connect?.p95 ?? null,
  "send-lag-p99": ({ tool }) => tool.sendLag?.p99 ?? null,
  errors: ({ connections: { failed, dropped }, messages: { lost } }) => failed + dropped + lost,
};
