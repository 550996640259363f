import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { StaleChip } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { bytes, duration, type Formatter, join, share, span } from "../../format/quantity.ts";
import { worstOf } from "../connections/workers.ts";
import { LAG_CRIT_S } from "../loop-lag.ts";
import { explainEmpty } from "../reporting.ts";
import { NodesThen } from "./nodes-then.tsx";

interface Figure {
  readonly label: string;
  readonly read: (row: NodeRow) => number | null;
  readonly format: Formatter;
  /** What fills its bar; `null` where nobody said. */
  readonly full: (row: NodeRow) => number | null;
  /** Below it a figure is never the worst. */
  readonly floor: number;
}

const FIGURES: readonly Figure[] = [
  { label: "CPU", read: ({ cpu }) => cpu, format: share, full: () => 1, floor: 0.2 },
  {
    label: "Memory",
    read: ({ memoryBytes }) => memoryBytes,
    format: bytes,
    // What the process may have of heap is what it reaches first.
    full: ({ heapLimitBytes }) => heapLimitBytes ?? null,
    floor: 100e6,
  },
  { label: "Loop p99", read: (row) => row.loopLagP99, format: duration, full: () => LAG_CRIT_S, floor: 0.02 },
  { label: "GC", read: ({ gcShare }) => gcShare ?? null, format: share, full: () => 0.3, floor: 0.02 },
];

/** Cards that are shown; the slowest nodes come first where there are more. */
const MOST_CARDS = 12;

/** Every node side by side: those there are, or those there were in the time looked at. */
export function NodeCards(): VNode {
  return useApp().live.past.value === null ? <NodesNow /> : <NodesThen />;
}

/** The worst of each figure is marked. One that is clicked is what the page looks at. */
function NodesNow(): VNode {
  const { live } = useApp();
  const all = (live.table("nodes").value ?? []).filter(({ state }) => state !== "gone");
  if (all.length === 0)
    return (
      <section class="card" aria-label="Nodes">
        <EmptyState {...explainEmpty(live, "nodes")} />
      </section>
    );
  const worst = new Map(FIGURES.map(({ label, read, floor }) => [label, worstOf(all, read, floor)]));
  const shown = [...all]
    .sort((a, b) => (b.loopLagP99 ?? 0) - (a.loopLagP99 ?? 0))
    .slice(0, MOST_CARDS)
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  return (
    <section aria-label="Nodes">
      <ul class="node-cards">
        {shown.map((row) => (
          <NodeCard key={row.node} row={row} worst={worst} alone={all.length === 1} />
        ))}
      </ul>
      {all.length > shown.length ? (
        <p class="fine node-cards-foot">
          The {MOST_CARDS} slowest of {all.length} nodes
        </p>
      ) : null}
    </section>
  );
}

interface NodeCardProps {
  readonly row: NodeRow;
  /** Node that stands out, by figure. */
  readonly worst: ReadonlyMap<string, string | null>;
  readonly alone: boolean;
}

function NodeCard({ row, worst, alone }: NodeCardProps): VNode {
  const { live, route } = useApp();
  const chosen = live.node.value === row.node;
  const silent = row.state !== "live";
  return (
    <li class="card node-card" data-chosen={chosen ? "" : undefined} data-stale={silent ? "" : undefined}>
      <h2 class="node-card-head">
        {alone ? (
          <span class="truncate">{row.instance}</span>
        ) : (
          <a
            class="truncate"
            href={route.hrefTo({ node: chosen ? null : row.node })}
            aria-current={chosen ? "true" : undefined}
            title={chosen ? "Look at all nodes again" : `Only ${row.node}`}
          >
            {row.instance}
          </a>
        )}
        <span class="fine truncate">
          {row.host}
          {silent ? "" : ` · up ${span(live.now.value - row.startedAt)}`}
        </span>
        {silent ? <StaleChip since={row.lastAt} /> : null}
      </h2>
      <dl class="node-figures">
        {FIGURES.map((figure) => (
          <NodeFigure
            key={figure.label}
            figure={figure}
            row={row}
            silent={silent}
            worst={worst.get(figure.label) === row.node}
          />
        ))}
      </dl>
    </li>
  );
}

interface NodeFigureProps {
  readonly figure: Figure;
  readonly row: NodeRow;
  readonly silent: boolean;
  readonly worst: boolean;
}

function NodeFigure({ figure, row, silent, worst }: NodeFigureProps): VNode {
  const value = silent ? null : figure.read(row);
  const full = figure.full(row);
  return (
    <div>
      <dt>{figure.label}</dt>
      <dd class={worst ? "worst" : undefined}>
        {worst ? <span title={`The highest ${figure.label} of all nodes`}>▲ </span> : null}
        {join(figure.format(value))}
      </dd>
      <Bar share={value === null || full === null ? null : value / full} {...(worst ? { tone: "warn" } : {})} />
    </div>
  );
}
