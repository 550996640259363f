import type { NodeRow } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { bytes, count, duration, join, perMinute, rate, share, span } from "../../format/quantity.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";
import { shortSpan } from "./list-columns.tsx";
import { type Balance, balanceOf, worstOf } from "./workers.ts";

interface Figure {
  readonly title: string;
  readonly read: (row: NodeRow) => number | null;
  readonly show: (value: number | null) => string;
  /** Below it a figure is never the worst. Left out where high is not bad. */
  readonly floor?: number;
}

const FIGURES: readonly Figure[] = [
  { title: "Capacity", read: useOf, show: (value) => join(share(value)), floor: 0.7 },
  { title: "Messages/s", read: messagesOf, show: (value) => rate(value).text },
  { title: "Errors/min", read: errorsOf, show: (value) => perMinute(value).text, floor: 1 },
  { title: "Loop lag p99", read: (row) => row.loopLagP99, show: (value) => join(duration(value)), floor: 0.02 },
  { title: "CPU", read: (row) => row.cpu, show: (value) => join(share(value)), floor: 0.2 },
  { title: "Memory", read: (row) => row.memoryBytes, show: (value) => join(bytes(value)), floor: 100e6 },
];
const CONNECTIONS_FLOOR = 10;

/** Every process that reports, side by side, the worst of each column marked. */
export function WorkersTab(): VNode {
  const { live } = useApp();
  const narrow = useNarrow();
  const nodes = [...nodesInView(live)].sort((a, b) => (a.node < b.node ? -1 : 1));
  if (nodes.length === 0)
    return (
      <div class="vt-none">
        <EmptyState {...explainEmpty(live, "workers")} />
      </div>
    );
  const balance = balanceOf(nodes);
  const worst = new Map(
    FIGURES.map(({ title, read, floor }) => [title, floor === undefined ? null : worstOf(nodes, read, floor)]),
  );
  const most = Math.max(1, ...nodes.map(({ connections, state }) => (state === "live" ? (connections ?? 0) : 0)));
  const parts = {
    most,
    mean: balance === null ? null : most * balance.evenness,
    worst,
    fullest: worstOf(nodes, (row) => row.connections, CONNECTIONS_FLOOR),
  };
  return (
    <>
      {narrow ? (
        <ul class="worker-cards">
          {nodes.map((row) => (
            <WorkerCard key={row.node} row={row} {...parts} />
          ))}
        </ul>
      ) : (
        <WorkersTable nodes={nodes} {...parts} />
      )}
      <div class="list-foot">
        <p>{balance === null ? <OneWorker nodes={nodes} /> : <BalanceLine balance={balance} />}</p>
      </div>
    </>
  );
}

interface Parts {
  /** Connections of the fullest node. */
  readonly most: number;
  readonly mean: number | null;
  /** Node that stands out, by figure. */
  readonly worst: ReadonlyMap<string, string | null>;
  readonly fullest: string | null;
}

function WorkersTable({ nodes, ...parts }: Parts & { readonly nodes: readonly NodeRow[] }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="wide-rows" aria-label="Workers" tabIndex={0}>
      <table class="rows workers">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col" class="num">
              Connections
            </th>
            <th scope="col">
              <span class="sr-only">Share of the fullest</span>
            </th>
            {FIGURES.map(({ title }) => (
              <th key={title} scope="col" class="num">
                {title}
              </th>
            ))}
            <th scope="col" class="num">
              Up
            </th>
            <th scope="col" class="num">
              Restarts
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((row) => (
            <WorkerRow key={row.node} row={row} {...parts} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function WorkerRow({ row, most, mean, worst, fullest }: Parts & { readonly row: NodeRow }): VNode {
  const { live } = useApp();
  const silent = row.state !== "live";
  return (
    <tr class={silent ? "hatched" : undefined}>
      <th scope="row">
        <NodeLink row={row} />
      </th>
      <td>
        <WorkerState row={row} />
      </td>
      <td class="num">
        <Marked worst={fullest === row.node} word="most">
          {silent ? "–" : join(count(row.connections))}
        </Marked>
      </td>
      <td class="counts-bar">
        <ShareBar row={row} most={most} mean={mean} />
      </td>
      {FIGURES.map(({ title, read, show }) => (
        <td key={title} class="num">
          <Marked worst={worst.get(title) === row.node}>{silent ? "–" : show(read(row))}</Marked>
        </td>
      ))}
      <td class="num">{silent ? "–" : shortSpan(live.now.value - row.startedAt)}</td>
      <td class="num">{row.restarts}</td>
    </tr>
  );
}

function WorkerCard({ row, most, mean, worst, fullest }: Parts & { readonly row: NodeRow }): VNode {
  const { live } = useApp();
  const silent = row.state !== "live";
  return (
    <li class={silent ? "hatched" : undefined}>
      <p class="node-head">
        <NodeLink row={row} />
        <WorkerState row={row} />
      </p>
      {silent ? null : (
        <>
          <ShareBar row={row} most={most} mean={mean} />
          <dl class="worker-figures">
            <div>
              <dt>Connections</dt>
              <dd>
                <Marked worst={fullest === row.node} word="most">
                  {join(count(row.connections))}
                </Marked>
              </dd>
            </div>
            {FIGURES.map(({ title, read, show }) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd>
                  <Marked worst={worst.get(title) === row.node}>{show(read(row))}</Marked>
                </dd>
              </div>
            ))}
            <div>
              <dt>Up</dt>
              <dd>
                {shortSpan(live.now.value - row.startedAt)} · {row.restarts}{" "}
                {row.restarts === 1 ? "restart" : "restarts"}
              </dd>
            </div>
          </dl>
        </>
      )}
    </li>
  );
}

function NodeLink({ row }: { readonly row: NodeRow }): VNode {
  const { route } = useApp();
  return (
    <a
      href={route.hrefTo({ node: row.node })}
      title={`Only ${row.node}: pid ${row.pid} on ${row.host}, ${row.runtime}`}
    >
      {row.instance} <span class="fine">{row.service}</span>
    </a>
  );
}

function WorkerState({ row }: { readonly row: NodeRow }): VNode {
  const { live } = useApp();
  if (row.state === "live")
    return (
      <span class="state-mark">
        <i class="dot" data-tone="ok" />
        live
      </span>
    );
  return (
    <span class="chip">
      <Icon name="stale" />
      {row.state}, last sample {span(live.now.value - row.lastAt)} ago
    </span>
  );
}

function ShareBar({ row, most, mean }: { readonly row: NodeRow } & Pick<Parts, "most" | "mean">): VNode {
  const known = row.state === "live" && row.connections !== null;
  return (
    <Bar
      share={known ? (row.connections ?? 0) / (most * 1.15) : null}
      {...(mean === null ? {} : { mark: mean / (most * 1.15) })}
    />
  );
}

interface MarkedProps {
  readonly worst: boolean;
  /** @default "worst" */
  readonly word?: string;
  readonly children: ComponentChildren;
}

/** A figure, and that it stands out in its column. */
function Marked({ worst, word = "worst", children }: MarkedProps): VNode {
  if (!worst) return <>{children}</>;
  return (
    <span class="worst">
      {children}
      <small>▲ {word}</small>
    </span>
  );
}

function BalanceLine({ balance: { evenness, factor, busiest } }: { readonly balance: Balance }): VNode {
  return (
    <>
      Balance <b>{join(share(evenness))}</b> · {busiest.instance} has {factor.toFixed(2)}× the mean, which is the mark
      in the bars
    </>
  );
}

function OneWorker({ nodes }: { readonly nodes: readonly NodeRow[] }): VNode {
  return <>{nodes.length === 1 ? "One process; more show up here by themselves" : `${nodes.length} processes`}</>;
}

/** A series begins with the first of its kind: what a watched server has not had yet is none, not unknown. */
/** A series begins with the first of its kind: what a watched server has not had yet is none, not unknown. */
function messagesOf({ messageRate, findings }: NodeRow): number | null {
  return messageRate ?? (findings.length > 0 ? 0 : null);
}

function errorsOf({ errorsPerMinute, findings }: NodeRow): number | null {
  return errorsPerMinute ?? (findings.length > 0 ? 0 : null);
}

function useOf({ connections, capacity }: NodeRow): number | null {
  return connections === null || capacity === null ? null : connections / capacity.connections;
}
