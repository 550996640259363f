import type { EchoResult, LoadResult, TestRecord } from "@wsight/protocol";
import { ms, number, ratio } from "./words.ts";

/** One figure of two runs. */
export interface Difference {
  readonly name: string;
  /** As text, `–` for unknown. */
  readonly a: string;
  readonly b: string;
  /** From a to b, as share of a; `null` where either is unknown or a is nothing. */
  readonly change: number | null;
  /** `same`: less apart than two runs of the same thing often are, or neither good nor bad. */
  readonly verdict: "better" | "worse" | "same";
}

/** Two runs seldom agree better than this. */
const NOISE = 0.05;

interface Row<R> {
  readonly name: string;
  readonly read: (result: R) => number | null | undefined;
  readonly format: (value: number | null) => string;
  /** Which way is good; 0: neither. */
  readonly good: 1 | -1 | 0;
}

const LOAD_ROWS: readonly Row<LoadResult>[] = [
  { name: "Connections wanted", read: ({ connections }) => connections.wanted, format: number, good: 0 },
  {
    name: "Connected",
    read: ({ connections: { opened, dropped, wanted } }) => (opened - dropped) / wanted,
    format: ratio,
    good: 1,
  },
  { name: "Connect p95", read: ({ connections }) => connections.connect?.p95, format: ms, good: -1 },
  { name: "Messages sent", read: ({ messages }) => messages.sent, format: number, good: 0 },
  { name: "Messages lost", read: ({ messages }) => messages.lost, format: number, good: -1 },
  { name: "Latency, average", read: ({ messages }) => messages.latency?.avg, format: ms, good: -1 },
  { name: "Latency p50", read: ({ messages }) => messages.latency?.p50, format: ms, good: -1 },
  { name: "Latency p95", read: ({ messages }) => messages.latency?.p95, format: ms, good: -1 },
  { name: "Latency p99", read: ({ messages }) => messages.latency?.p99, format: ms, good: -1 },
  { name: "Latency, longest", read: ({ messages }) => messages.latency?.max, format: ms, good: -1 },
  { name: "Service time p95", read: ({ messages }) => messages.service?.p95, format: ms, good: -1 },
  { name: "Event loop delay p99", read: ({ server }) => server?.loopLagP99, format: ms, good: -1 },
  { name: "Handlers p95", read: ({ server }) => server?.handlerP95, format: ms, good: -1 },
  { name: "CPU of the busiest node", read: ({ server }) => server?.cpu, format: ratio, good: -1 },
];

const ECHO_ROWS: readonly Row<EchoResult>[] = [
  { name: "Messages", read: ({ sent }) => sent, format: number, good: 0 },
  { name: "Bytes each", read: ({ size }) => size, format: number, good: 0 },
  { name: "Lost", read: ({ lost }) => lost, format: number, good: -1 },
  { name: "Connected in", read: ({ connectMs }) => connectMs, format: ms, good: -1 },
  { name: "Round trip p50", read: ({ latency }) => latency?.p50, format: ms, good: -1 },
  { name: "Round trip p95", read: ({ latency }) => latency?.p95, format: ms, good: -1 },
  { name: "Round trip p99", read: ({ latency }) => latency?.p99, format: ms, good: -1 },
  { name: "Longest", read: ({ latency }) => latency?.max, format: ms, good: -1 },
  { name: "Jitter", read: ({ jitterMs }) => jitterMs, format: ms, good: -1 },
];

/** Two runs of a kind side by side; `null` when they are not, or one has no result. */
export function compareTests(a: TestRecord, b: TestRecord): readonly Difference[] | null {
  if (a.kind === "load" && b.kind === "load" && a.result !== null && b.result !== null)
    return compare(LOAD_ROWS, a.result, b.result);
  if (a.kind === "echo" && b.kind === "echo" && a.result !== null && b.result !== null)
    return compare(ECHO_ROWS, a.result, b.result);
  return null;
}

function compare<R>(rows: readonly Row<R>[], one: R, other: R): readonly Difference[] {
  return rows
    .map(({ name, read, format, good }): Difference => {
      const [a, b] = [read(one) ?? null, read(other) ?? null];
      const change = a === null || b === null || (a === 0 && b !== 0) ? null : a === b ? 0 : (b - a) / Math.abs(a);
      const moved = a === null || b === null ? 0 : Math.sign(b - a);
      // What was nothing and now is something has no share, and still is worse.
      const small = change !== null && Math.abs(change) < (good === 1 ? 0.005 : NOISE);
      const verdict = good === 0 || moved === 0 || small ? "same" : moved === good ? "better" : "worse";
      return { name, a: format(a), b: format(b), change, verdict };
    })
    .filter(({ a, b }) => a !== "–" || b !== "–");
}
