import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { count, join } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { explainEmpty } from "../reporting.ts";

/** How the connections spread over the nodes that there were in the time looked at, on its mean. */
export function ByNodeThen(): VNode {
  const { live } = useApp();
  const { rows = [], leftOut = 0, whole = null } = pastRows(live, "connections") ?? {};
  const most = Math.max(1, ...rows.map((row) => row.count));
  const rest = Math.max(0, (whole ?? 0) - rows.reduce((sum, row) => sum + row.count, 0));
  return (
    <Card title="Connections by node" span={3} aside={<span class="card-note">in the window</span>}>
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "connections")} />
      ) : (
        <div class="card-body">
          <ul class="nodes">
            {rows.map((row) => (
              <NodeBar key={row.key} name={row.key} value={row.count} most={most} />
            ))}
            {leftOut === 0 ? null : (
              <NodeBar name={`Other, ${leftOut} ${leftOut === 1 ? "node" : "nodes"}`} value={rest} most={most} />
            )}
          </ul>
          <p class="fine">Means over the window.</p>
        </div>
      )}
    </Card>
  );
}

interface NodeBarProps {
  readonly name: string;
  readonly value: number;
  readonly most: number;
}

function NodeBar({ name, value, most }: NodeBarProps): VNode {
  return (
    <li>
      <p class="node-head">
        <span class="truncate" title={name}>
          {name.slice(name.indexOf("/") + 1)}
        </span>
        <span>{join(count(Math.round(value)))}</span>
      </p>
      <Bar share={value / (most * 1.2)} />
    </li>
  );
}
