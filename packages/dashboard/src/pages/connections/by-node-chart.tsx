import type { VNode } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { ColorToken } from "../../charts/palette.ts";
import { createStack, restOf } from "../../charts/stack.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { count, join } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { explainEmpty, nodesInView, staleSince } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { type Band, endedNodes, NONE_ENDED, peakOf, pickBands } from "./bands.ts";
import { ACTIVE, activeOf } from "./selectors.ts";
import { poolOf } from "./workers.ts";

const COLORS: readonly ColorToken[] = ["c1", "c2", "c3", "c4", "c5", "c6"];
/** The busiest nodes are picked anew this often, ms: lines that come and go tell nothing. */
const PICK_MS = 60_000;

/** Open connections, one band for each node, with what they can take together. */
export function ByNodeChart(): VNode {
  const { live } = useApp();
  return live.past.value === null ? <Now /> : <Then />;
}

function Now(): VNode {
  const { live } = useApp();
  const { names, more } = useShown();
  const { capacity } = poolOf(nodesInView(live));
  const rest = more ? "Other" : null;
  // Another set of lines, or another limit, is another chart.
  return (
    <Chart
      key={`${names.join()} ${more} ${capacity}`}
      shown={names}
      rest={rest}
      capacity={capacity}
      caption={captionOf(capacity)}
    />
  );
}

/** The busiest nodes of the time looked at, whether anybody knows of them now or not. */
function Then(): VNode {
  const { live } = useApp();
  const { rows = [], leftOut = 0 } = pastRows(live, "connections") ?? {};
  const text = rows
    .map(({ key }) => key)
    .sort()
    .join("\n");
  const names = useMemo(() => text.split("\n").filter(Boolean), [text]);
  const rest = leftOut === 0 ? null : `Other (${leftOut})`;
  const caption = "stacked · the busiest nodes in the window";
  return <Chart key={`${text} ${rest}`} shown={names} rest={rest} capacity={null} caption={caption} />;
}

interface ChartProps {
  readonly shown: readonly string[];
  /** What the band of all other nodes is called; `null` when there are none. */
  readonly rest: string | null;
  readonly capacity: number | null;
  readonly caption: string;
}

function Chart({ shown, rest, capacity, caption }: ChartProps): VNode {
  const { live } = useApp();
  const lines = useMemo(() => linesOf(shown, rest), [shown, rest]);
  const stack = useMemo(createStack, []);
  useOnScreen(useMemo(() => ({ series: [ACTIVE, ...shown.map(activeOf)], tables: [] }), [shown]));
  return (
    <TimeSeries
      title="Active by node"
      caption={caption}
      span={8}
      lines={lines}
      format={count}
      stack={stack}
      staleSince={staleSince(live)}
      empty={explainEmpty(live, "connections")}
      {...(capacity === null ? {} : { limit: { value: capacity, label: `capacity ${join(count(capacity))}` } })}
    />
  );
}

function captionOf(capacity: number | null): string {
  return capacity === null ? "stacked · capacity unknown" : `stacked · together they can take ${join(count(capacity))}`;
}

function linesOf(shown: readonly string[], rest: string | null): readonly Line[] {
  const services = new Set(shown.map((node) => node.slice(0, node.indexOf("/"))));
  const lines = shown.map(
    (node, index): Line => ({
      label: services.size > 1 ? node : node.slice(node.indexOf("/") + 1),
      selector: activeOf(node),
      color: COLORS[index] ?? "other",
      fill: "stacked",
    }),
  );
  if (rest === null) return lines;
  const ring: Line["ring"] = (live) => restOf(live, ACTIVE, shown.map(activeOf));
  return [...lines, { label: rest, selector: ACTIVE, ring, color: "other", fill: "stacked" }];
}

interface Shown {
  /** Nodes with a band of their own, in the order of their names. */
  readonly names: readonly string[];
  /** True when there are nodes without one. */
  readonly more: boolean;
}

/** The busiest nodes, those included that ended while what they had is still in the window. */
function useShown(): Shown {
  const { live, viewMs } = useApp();
  const picked = useRef<{ readonly names: readonly string[]; readonly at: number }>({ names: [], at: 0 });
  const toAt = live.now.peek();
  const fromAt = toAt - viewMs.value;
  const ended = live.node.value === null ? endedNodes(live.table("nodes").value ?? [], fromAt) : NONE_ENDED;
  const asked = ended.asked.join("\n");
  useOnScreen(useMemo(() => ({ series: asked === "" ? [] : asked.split("\n").map(activeOf), tables: [] }), [asked]));
  const bands = [
    ...nodesInView(live).map(({ node, connections }): Band => ({ node, size: connections ?? 0 })),
    ...ended.asked
      .map((node): Band => ({ node, size: peakOf(live.series(activeOf(node)), fromAt, toAt) }))
      .filter(({ size }) => size > 0),
  ];
  const { names: before, at } = picked.current;
  const due = Date.now() - at >= PICK_MS;
  const names = pickBands(bands, due ? [] : before, ended.more);
  // The same names are the same list, so that nothing is made anew for them.
  const same = names.join() === before.join();
  if (due || !same) picked.current = { names: same ? before : names, at: Date.now() };
  const more = bands.length > names.length || ended.more;
  return { names: picked.current.names, more };
}
