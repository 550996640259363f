import type { NamespaceRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { count, duration, join, rate } from "../../format/quantity.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";

const ON_SCREEN = { series: [], tables: ["namespaces"] } as const;

/** Namespaces of Socket.IO: who is in them and what a broadcast there costs. */
export function NamespacesTab({ onSearch }: { readonly onSearch: (search: string) => void }): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const rows = live.table("namespaces").value ?? [];
  if (rows.length === 0)
    return (
      <div class="vt-none">
        <EmptyState {...noNamespaces(live)} />
      </div>
    );
  const most = Math.max(1, ...rows.map(({ sockets }) => sockets));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="wide-rows" aria-label="Namespaces" tabIndex={0}>
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Namespace</th>
              <th scope="col" class="num">
                Sockets
              </th>
              <th scope="col">
                <span class="sr-only">Share of the largest</span>
              </th>
              <th scope="col" class="num">
                Rooms
              </th>
              <th scope="col" class="num">
                Nodes
              </th>
              <th scope="col" class="num">
                Broadcasts/s
              </th>
              <th scope="col" class="num">
                Recipients p50
              </th>
              <th scope="col" class="num">
                Broadcast p95
              </th>
            </tr>
          </thead>
          <tbody>
            {[...rows]
              .sort((a, b) => b.sockets - a.sockets)
              .map((row) => (
                <Row key={row.namespace} row={row} most={most} onSearch={onSearch} />
              ))}
          </tbody>
        </table>
      </section>
      {live.node.value === null ? null : <p class="list-foot">Over all nodes.</p>}
    </>
  );
}

interface RowProps {
  readonly row: NamespaceRow;
  readonly most: number;
  readonly onSearch: (search: string) => void;
}

function Row({ row, most, onSearch }: RowProps): VNode {
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={() => onSearch(`ns:${row.namespace}`)}>
          {row.namespace}
        </button>
      </th>
      <td class="num">{join(count(row.sockets))}</td>
      <td class="counts-bar">
        <Bar share={row.sockets / most} />
      </td>
      <td class="num">{join(count(row.rooms))}</td>
      <td class="num">{row.nodes}</td>
      <td class="num">{rate(row.broadcastRate).text}</td>
      <td class="num">{join(count(row.recipientsP50))}</td>
      <td class="num">{join(duration(row.broadcastP95))}</td>
    </tr>
  );
}

type Live = ReturnType<typeof useApp>["live"];

function noNamespaces(live: Live): Emptiness {
  const findings = nodesInView(live).flatMap((node) => node.findings);
  if (findings.length === 0 || findings.some(({ library }) => library === "socket.io"))
    return explainEmpty(live, "namespaces");
  return {
    icon: "plug",
    title: "No Socket.IO here",
    why: "Namespaces are Socket.IO's. If this application has a Socket.IO server, hand it to the monitor too.",
    snippet: "await monitor({ io, wss })",
  };
}
