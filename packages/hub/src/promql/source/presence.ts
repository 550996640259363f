import type { TierStep } from "@wsight/protocol";
import type { HistoryReader } from "../../store/reader.ts";
import { WITNESSES } from "../../store/witness.ts";

/** Series of a node that are looked at where that is missing. */
const GUESSED_FROM = 3;

/** When a node was there, oldest first. */
export interface Presence {
  /** Starts of the intervals it was heard of in, ms epoch. */
  readonly at: Float64Array;
  /** Those of `at` in which its process was another one than in the interval before. */
  readonly restarts: ReadonlySet<number>;
  /** When the process of the first interval began, ms epoch; `null` when that is not known. */
  readonly startedAt: number | null;
}

/** Which tier and time. */
interface PresenceRange {
  readonly stepMs: TierStep;
  readonly fromAt: number;
  readonly toAt: number;
}

/** Reads when nodes were there; a node of which nothing tells is left out. */
export async function readPresence(
  reader: HistoryReader,
  nodes: readonly string[],
  range: PresenceRange,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Presence>> {
  const series = await reader.series({ metrics: WITNESSES, nodes });
  const presences = new Map<string, Presence>();
  for await (const { series: of, at, last } of reader.columns({ ...range, series, columns: ["last"] }, signal)) {
    const restarts = new Set<number>();
    last.forEach((uptime, i) => {
      if (i > 0 && uptime < (last[i - 1] ?? 0)) restarts.add(at[i] ?? 0);
    });
    const startedAt = (at[0] ?? range.fromAt) + range.stepMs - (last[0] ?? 0) * 1000;
    presences.set(of.node, { at, restarts, startedAt });
  }
  const others = nodes.filter((node) => !presences.has(node));
  if (others.length > 0) await guessPresence(reader, others, range, presences, signal);
  return presences;
}

/** What tells no uptime was there when any of a few of its gauges and counters was. */
async function guessPresence(
  reader: HistoryReader,
  nodes: readonly string[],
  range: PresenceRange,
  presences: Map<string, Presence>,
  signal: AbortSignal,
): Promise<void> {
  const plain = (await reader.series({ nodes })).filter(({ series }) => series.metric.kind !== "histogram");
  const series = nodes.flatMap((node) => plain.filter((one) => one.node === node).slice(0, GUESSED_FROM));
  if (series.length === 0) return;
  for await (const { series: of, at } of reader.columns({ ...range, series, columns: [] }, signal)) {
    const before = presences.get(of.node)?.at ?? new Float64Array(0);
    presences.set(of.node, { at: mergeTimes(before, at), restarts: new Set(), startedAt: null });
  }
}

/** All times of two ascending lists, each once. */
export function mergeTimes(one: Float64Array, other: Float64Array): Float64Array {
  const merged = new Float64Array(one.length + other.length);
  let length = 0;
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const a = one[i] ?? Infinity;
    const b = other[j] ?? Infinity;
    merged[length++] = Math.min(a, b);
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return merged.subarray(0, length);
}
