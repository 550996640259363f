import type { Labels } from "@wsight/protocol";
import type { HistoryReader, TierExtent } from "../store/reader.ts";
import { createMatcher } from "./matcher.ts";
import type { Pacer } from "./pacer.ts";
import { parseSelector } from "./parse.ts";
import type { NameTime } from "./request.ts";
import { type Picked, pickSeries } from "./source/pick.ts";
import { chooseTier } from "./source/tier.ts";

/** Intervals that are looked at to see whether a series was there. */
const LOOKS = 200;
/** Matches the name of anything. */
const ANYTHING = createMatcher("__name__", "!=", "");

/** Label sets of the series that fulfil any of the selectors and were there in the time; some may come twice. */
export async function* readLabelSets(
  { reader, pacer, signal }: NameTask,
  match: readonly string[],
  time: Pick<NameTime, "fromAt" | "toAt">,
): AsyncIterable<Labels> {
  const selectors = match.length === 0 ? [[ANYTHING]] : match.map((text) => parseSelector(text).matchers);
  const picked = (await Promise.all(selectors.map((matchers) => pickSeries(reader, matchers)))).flat();
  const there = await thereAt(reader, picked, time, signal);
  for (const { stored, lines } of picked) {
    if (!there.has(stored.id)) continue;
    await pacer.turn();
    for (const { labels } of lines) yield labels;
  }
}

/** What a question for names works with. */
export interface NameTask {
  readonly reader: HistoryReader;
  readonly pacer: Pacer;
  readonly signal: AbortSignal;
}

/** Numbers of the series that have any value in the time. */
async function thereAt(
  reader: HistoryReader,
  picked: readonly Picked[],
  { fromAt, toAt }: Pick<NameTime, "fromAt" | "toAt">,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const series = [...new Map(picked.map(({ stored }) => [stored.id, stored])).values()];
  const extents = await reader.extents();
  const known = knownTime(extents);
  const from = Math.max(fromAt ?? known.fromAt, known.fromAt);
  const to = Math.min(toAt ?? known.toAt, known.toAt);
  if (to <= from) return new Set();
  // What is coarser than needed costs least; the cheapest of all is the right one here.
  const coarsestMs = Math.max((to - from) / LOOKS, 1000);
  const stepMs = chooseTier(extents, { fromAt: from, toAt: to, coarsestMs, cost: Infinity });
  const there = new Set<number>();
  const query = { series, stepMs, fromAt: Math.floor(from / stepMs) * stepMs, toAt: to + 1, columns: [] };
  for await (const { series: of } of reader.columns(query, signal)) there.add(of.id);
  return there;
}

function knownTime(extents: readonly TierExtent[]): { readonly fromAt: number; readonly toAt: number } {
  const filled = extents.filter(({ oldestAt, newestAt }) => oldestAt !== null && newestAt !== null);
  return {
    fromAt: Math.min(...filled.map(({ oldestAt }) => oldestAt ?? 0)),
    toAt: Math.max(...filled.map(({ newestAt, stepMs }) => (newestAt ?? 0) + stepMs)),
  };
}
