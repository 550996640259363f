import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { count, join } from "../../format/quantity.ts";
import { explainEmpty } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import { SERIES } from "./selectors.ts";

/** Most nodes whose past is asked for. */
const MOST_NODES = 5;

/** How the connections spread over the nodes at the end of the time looked at. Nodes that nobody knows of now are one. */
export function ByNodeThen(): VNode {
  const { live } = useApp();
  const names = (live.table("nodes").value ?? []).map(({ node }) => node).slice(0, MOST_NODES);
  const key = names.join("\n");
  const selectors = useMemo(() => key.split("\n").filter(Boolean).map(connectionsOf), [key]);
  useOnScreen(useMemo(() => ({ series: selectors, tables: [] }), [selectors]));
  live.past.value;
  const rows = selectors.flatMap((selector) => {
    const value = live.series(selector).latest();
    return value === null ? [] : [{ name: selector.node ?? "", value }];
  });
  const total = live.series(SERIES.connections).latest();
  const others = Math.round((total ?? 0) - rows.reduce((sum, { value }) => sum + value, 0));
  const shown = others > 0 ? [...rows, { name: "other nodes", value: others }] : rows;
  const most = Math.max(1, ...shown.map(({ value }) => value));
  return (
    <Card title="Connections by node" span={3} aside={<span class="card-note">then</span>}>
      {shown.length === 0 ? (
        <EmptyState {...explainEmpty(live, "connections")} />
      ) : (
        <div class="card-body">
          <ul class="nodes">
            {shown.map(({ name, value }) => (
              <li key={name}>
                <p class="node-head">
                  <span class="truncate" title={name}>
                    {name.slice(name.indexOf("/") + 1)}
                  </span>
                  <span>{join(count(value))}</span>
                </p>
                <Bar share={value / (most * 1.2)} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

function connectionsOf(node: string): Selector {
  return { ...SERIES.connections, node };
}
