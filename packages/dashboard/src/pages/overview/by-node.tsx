import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { count, duration, join, rate, span } from "../../format/quantity.ts";
import { LAG_WARN_S } from "../loop-lag.ts";
import { explainEmpty } from "../reporting.ts";
import { ByNodeThen } from "./by-node-then.tsx";

const MOST_NODES = 5;
/** A node with this much more than the mean is called out. */
const UNEVEN = 1.25;

/** How the connections spread over the nodes, the mean marked and the worst member named. */
export function ByNode(): VNode {
  return useApp().live.past.value === null ? <ByNodeNow /> : <ByNodeThen />;
}

function ByNodeNow(): VNode {
  const { live } = useApp();
  const nodes = (live.table("nodes").value ?? []).filter(({ state }) => state !== "gone");
  const counts = nodes.flatMap(({ connections, state }) =>
    connections === null || state !== "live" ? [] : [connections],
  );
  const mean = counts.length === 0 ? 0 : counts.reduce((sum, each) => sum + each, 0) / counts.length;
  const most = Math.max(1, ...counts);
  const uneven = counts.length > 1 && most > mean * UNEVEN && most >= 10;
  const shown = [...nodes].sort((a, b) => concern(b) - concern(a)).slice(0, MOST_NODES);
  return (
    <Card title="Connections by node" span={3} aside={uneven ? <UnevenChip /> : <NodeCount nodes={nodes.length} />}>
      {counts.length === 0 && !nodes.some(({ state }) => state === "silent") ? (
        <EmptyState {...explainEmpty(live, "connections")} />
      ) : (
        <div class="card-body">
          <ul class="nodes">
            {shown.map((row) => (
              <NodeBar
                key={row.node}
                row={row}
                most={most * 1.2}
                mean={counts.length > 1 ? mean : null}
                worst={uneven && row.state === "live" && row.connections === most}
              />
            ))}
          </ul>
          {nodes.length === 1 && shown[0] !== undefined ? <NodeFacts row={shown[0]} /> : null}
          <p class="fine">
            {nodes.length > MOST_NODES ? `${MOST_NODES} of ${nodes.length}: silent, slow, then busiest. ` : ""}
            {counts.length > 1
              ? `The mark is the mean, ${join(count(mean))}.`
              : "More processes show up here by themselves."}
          </p>
        </div>
      )}
    </Card>
  );
}

/** What should not be missing from a short list comes first: silent nodes, slow ones, then those with most connections. */
function concern({ state, loopLagP99, connections }: NodeRow): number {
  if (state === "silent") return 1e12;
  return (connections ?? -1) + ((loopLagP99 ?? 0) >= LAG_WARN_S ? 1e9 : 0);
}

/** What is known of the only node there is. */
function NodeFacts({ row }: { readonly row: NodeRow }): VNode {
  const facts: readonly (readonly [string, string])[] = [
    ["Host", row.host],
    ["Process", `pid ${row.pid}`],
    ["Runtime", row.runtime],
    ["Restarts seen", join(count(row.restarts))],
    ["Snapshots lost", join(count(row.lost))],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="truncate">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function UnevenChip(): VNode {
  return (
    <span class="chip" data-tone="warn">
      <Icon name="warn" />
      uneven
    </span>
  );
}

function NodeCount({ nodes }: { readonly nodes: number }): VNode {
  return <span class="card-note">{nodes === 1 ? "1 node" : `${nodes} nodes`}</span>;
}

interface NodeBarProps {
  readonly row: NodeRow;
  /** Connections that fill the track. */
  readonly most: number;
  readonly mean: number | null;
  readonly worst: boolean;
}

function NodeBar({ row, most, mean, worst }: NodeBarProps): VNode {
  const { live } = useApp();
  const silent = row.state !== "live";
  const slow = row.loopLagP99 !== null && row.loopLagP99 >= LAG_WARN_S;
  return (
    <li>
      <p class="node-head">
        <span class="truncate" title={row.node}>
          {row.instance}
        </span>
        {slow && !silent ? (
          <span class="chip" data-tone="warn">
            {join(duration(row.loopLagP99))} loop lag
          </span>
        ) : null}
        {silent ? (
          <span class="chip">
            <Icon name="stale" />
            last sample {span(live.now.value - row.lastAt)} ago
          </span>
        ) : (
          <span class={worst ? "worst" : undefined}>
            {worst ? "▲ most: " : ""}
            {join(count(row.connections))}
          </span>
        )}
      </p>
      <Bar
        share={silent || row.connections === null ? null : row.connections / most}
        tone={worst || slow ? "warn" : "ok"}
        {...(mean === null ? {} : { mark: mean / most })}
      />
      {silent ? null : (
        <p class="fine">
          {join(rate(row.messageRate))} messages · up {span(live.now.value - row.startedAt)}
        </p>
      )}
    </li>
  );
}
