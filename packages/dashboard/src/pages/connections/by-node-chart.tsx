import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { ColorToken } from "../../charts/palette.ts";
import { createStack, restOf } from "../../charts/stack.ts";
import { type Line, TimeSeries } from "../../charts/time-series.tsx";
import { count, join } from "../../format/quantity.ts";
import { explainEmpty, nodesInView, staleSince } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { ACTIVE, activeOf } from "./selectors.ts";
import { poolOf } from "./workers.ts";

const MOST_LINES = 6;
const COLORS: readonly ColorToken[] = ["c1", "c2", "c3", "c4", "c5", "c6"];
/** The busiest nodes are picked anew this often, ms: lines that come and go tell nothing. */
const PICK_MS = 60_000;

/** Open connections, one band for each node, with what they can take together. */
export function ByNodeChart(): VNode {
  const { live } = useApp();
  const nodes = nodesInView(live);
  const shown = usePicked(nodes);
  const { capacity } = poolOf(nodes);
  // Another set of lines, or another limit, is another chart.
  return (
    <Chart
      key={`${shown.join()} ${nodes.length > shown.length} ${capacity}`}
      shown={shown}
      more={nodes.length > shown.length}
      capacity={capacity}
    />
  );
}

interface ChartProps {
  readonly shown: readonly string[];
  /** True when there are nodes without a band of their own. */
  readonly more: boolean;
  readonly capacity: number | null;
}

function Chart({ shown, more, capacity }: ChartProps): VNode {
  const { live } = useApp();
  const lines = useMemo(() => linesOf(shown, more), [shown, more]);
  const stack = useMemo(createStack, []);
  useOnScreen(useMemo(() => ({ series: [ACTIVE, ...shown.map(activeOf)], tables: [] }), [shown]));
  return (
    <TimeSeries
      title="Active by node"
      caption={captionOf(capacity)}
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

function linesOf(shown: readonly string[], more: boolean): readonly Line[] {
  const services = new Set(shown.map((node) => node.slice(0, node.indexOf("/"))));
  const lines = shown.map(
    (node, index): Line => ({
      label: services.size > 1 ? node : node.slice(node.indexOf("/") + 1),
      selector: activeOf(node),
      color: COLORS[index] ?? "other",
      fill: "stacked",
    }),
  );
  if (!more) return lines;
  const ring: Line["ring"] = (live) => restOf(live, ACTIVE, shown.map(activeOf));
  return [...lines, { label: "Other", selector: ACTIVE, ring, color: "other", fill: "stacked" }];
}

/** The nodes with a band of their own: all of a few, the busiest of many, in the order of their names. */
function usePicked(nodes: readonly NodeRow[]): readonly string[] {
  const picked = useRef<{ readonly names: readonly string[]; readonly at: number }>({ names: [], at: 0 });
  const names = nodes.map(({ node }) => node).sort();
  const present = new Set(names);
  const { at, names: before } = picked.current;
  const enough = before.length === Math.min(names.length, names.length > MOST_LINES ? MOST_LINES - 1 : MOST_LINES);
  if (enough && before.every((name) => present.has(name)) && Date.now() - at < PICK_MS) return before;
  const next = names.length <= MOST_LINES ? names : busiest(nodes).sort();
  // The same names are the same list, so that nothing is made anew for them.
  picked.current = { names: next.join() === before.join() ? before : next, at: Date.now() };
  return picked.current.names;
}

function busiest(nodes: readonly NodeRow[]): string[] {
  const sorted = [...nodes].sort((a, b) => (b.connections ?? 0) - (a.connections ?? 0) || (a.node < b.node ? -1 : 1));
  return sorted.slice(0, MOST_LINES - 1).map(({ node }) => node);
}
