import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { bytes, duration, join, share } from "../../format/quantity.ts";
import type { PastNode } from "../../state/index.ts";
import { LAG_CRIT_S } from "../loop-lag.ts";
import { pastRows } from "../past-rows.ts";
import { explainEmpty } from "../reporting.ts";

/** The nodes of the time looked at, whether anybody knows of them now or not: means, and the lag of the whole time. */
export function NodesThen(): VNode {
  const { live } = useApp();
  const { rows = [], leftOut = 0 } = pastRows(live, "nodes") ?? {};
  if (rows.length === 0)
    return (
      <section class="card" aria-label="Nodes">
        <EmptyState {...explainEmpty(live, "nodes")} />
      </section>
    );
  const inOrder = [...rows].sort((a, b) => (a.node < b.node ? -1 : 1));
  return (
    <section aria-label="Nodes">
      <ul class="node-cards">
        {inOrder.map((row) => (
          <NodeCard key={row.node} row={row} />
        ))}
      </ul>
      {leftOut === 0 ? null : (
        <p class="fine node-cards-foot">
          The {rows.length} slowest of {rows.length + leftOut} nodes
        </p>
      )}
    </section>
  );
}

function NodeCard({ row }: { readonly row: PastNode }): VNode {
  const { live, route } = useApp();
  const chosen = live.node.value === row.node;
  return (
    <li class="card node-card" data-chosen={chosen ? "" : undefined}>
      <h2 class="node-card-head">
        <a
          class="truncate"
          href={route.hrefTo({ node: chosen ? null : row.node })}
          aria-current={chosen ? "true" : undefined}
          title={chosen ? "Look at all nodes again" : `Only ${row.node}`}
        >
          {row.node.slice(row.node.indexOf("/") + 1)}
        </a>
        <span class="fine truncate">in the window</span>
      </h2>
      <dl class="node-figures">
        <Figure label="CPU" text={join(share(row.cpu))} part={row.cpu} />
        <Figure label="Memory" text={join(bytes(row.memoryBytes))} part={null} />
        <Figure
          label="Loop p99"
          text={join(duration(row.loopLagP99))}
          part={row.loopLagP99 === null ? null : row.loopLagP99 / LAG_CRIT_S}
        />
      </dl>
    </li>
  );
}

interface FigureProps {
  readonly label: string;
  readonly text: string;
  /** What of its bar is full; `null` where nothing is. */
  readonly part: number | null;
}

function Figure({ label, text, part }: FigureProps): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{text}</dd>
      <Bar share={part} />
    </div>
  );
}
