import type { CountRow, CountTable, ErrorRow, ErrorsTable, LiveTableRows } from "@wsight/protocol";
import { meanRateOf, totalOf } from "./figures.ts";
import type { NodeState } from "./node-state.ts";
import type { Placed, SeriesIndex } from "./series-index.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";
import type { Timeline } from "./timeline.ts";
import type { TrackedCounter } from "./tracked.ts";

const MAX_ROWS = 100;
const MAX_RECENT_ERRORS = 50;
/** Recent errors in the live table, which goes to every viewer. */
const MAX_TABLE_ERRORS = 12;
const MAX_SLOW = 50;
const MAX_BROADCASTS = 100;

/** Adds up the lists of users, channels or rooms over the nodes that are not gone; the largest 100. */
export function mergeCounts(nodes: readonly NodeState[], table: "users" | "channels" | "rooms"): CountTable {
  // One of several nodes may have sent only its largest rows, so this is what is known at least;
  // and `total` counts a key once for each node it is on.
  const counts = new Map<string, number>();
  const spread: number[] = [];
  let total = 0;
  for (const node of nodes) {
    total += node.counts[table].total;
    node.counts[table].spread.forEach((keys, octave) => {
      spread[octave] = (spread[octave] ?? 0) + keys;
    });
    for (const { key, count } of node.counts[table].rows) counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return { total, rows: largest(counts), spread };
}

/** Totals of a counter by one of its attributes, largest first. */
export function totalsBy(
  index: SeriesIndex,
  timeline: Timeline,
  metric: string,
  attribute: string,
): readonly CountRow[] {
  const counts = new Map<string, number>();
  for (const placed of counters(index, metric)) add(counts, placed, attribute, timeline, totalOf);
  return largest(counts);
}

/** Errors by type, and the newest of all nodes. */
export function errorsTable(index: SeriesIndex, timeline: Timeline, nodes: readonly NodeState[]): ErrorsTable {
  const totals = new Map<string, number>();
  const perMinute = new Map<string, number>();
  for (const placed of counters(index, "websocket.server.errors")) {
    add(totals, placed, "error.type", timeline, totalOf);
    add(perMinute, placed, "error.type", timeline, (one, second) => meanRateOf(one, second, 60) * 60);
  }
  const byType = largest(totals).map(({ key, count }) => ({
    type: key,
    total: count,
    perMinute: perMinute.get(key) ?? 0,
  }));
  return { byType, recent: recentErrors(nodes).slice(0, MAX_TABLE_ERRORS) };
}

/** The newest errors of all nodes, newest first. */
export function recentErrors(nodes: readonly NodeState[]): readonly (ErrorRow & { readonly node: string })[] {
  return newest(nodes, (node) => node.errors, MAX_RECENT_ERRORS);
}

/**
 * Slow events of all nodes, newest first: of each octave of duration the
 * newest, which a distribution shows as its example, and then the longest.
 * Probes send examples of fast events too; those of many nodes are newer than
 * everything that was slow, and would crowd it out.
 */
export function newestSlow(nodes: readonly NodeState[]): LiveTableRows["slow"] {
  const rows = newest(nodes, (node) => node.slow, Number.POSITIVE_INFINITY);
  const octaves = new Set<number>();
  const examples: (typeof rows)[number][] = [];
  const others: (typeof rows)[number][] = [];
  for (const row of rows) {
    const octave = Math.ceil(Math.log2(row.seconds));
    (octaves.has(octave) ? others : examples).push(row);
    octaves.add(octave);
  }
  others.sort((a, b) => b.seconds - a.seconds);
  return [...examples, ...others].slice(0, MAX_SLOW).sort((a, b) => b.at - a.at);
}

/** The newest sampled broadcasts of all nodes, newest first. */
export function newestBroadcasts(nodes: readonly NodeState[]): LiveTableRows["broadcasts"] {
  return newest(nodes, (node) => node.broadcasts, MAX_BROADCASTS);
}

function newest<T extends { readonly at: number }>(
  nodes: readonly NodeState[],
  rowsOf: (node: NodeState) => readonly T[],
  most: number,
): readonly (T & { readonly node: string })[] {
  return nodes
    .flatMap((node) =>
      rowsOf(node)
        .slice(-most)
        .map((row) => ({ ...row, node: node.key })),
    )
    .sort((a, b) => b.at - a.at)
    .slice(0, most);
}

function counters(index: SeriesIndex, metric: string): readonly Placed<TrackedCounter>[] {
  return index.of<TrackedCounter>(metric);
}

function add(
  counts: Map<string, number>,
  placed: Placed<TrackedCounter>,
  attribute: string,
  { last }: Timeline,
  figure: (placed: Placed<TrackedCounter>, second: number) => number,
): void {
  const value = last === null ? Number.NaN : figure(placed, last);
  if (!(value >= 0)) return;
  const key = placed.tracked.series.labels[attribute] ?? "";
  counts.set(key, (counts.get(key) ?? 0) + value);
}

function largest(counts: ReadonlyMap<string, number>): readonly CountRow[] {
  const rows = [...counts]
    .map(([key, count]) => ({ key, count }))
    .sort((a, b) => sharedLast(a.key, b.key) || b.count - a.count || compareNames(a.key, b.key));
  return firstRows(rows, MAX_ROWS, ({ key }) => key);
}
