import { type CollectorRow, type Finding, type NodeRow, SOURCE_LIBRARIES } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, span } from "../../format/quantity.ts";
import { instanceOf } from "../components.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";

const MOST_NODES = 20;

/** What runs: versions, ages, restarts and what is watched in each process. */
export function Runtime(): VNode {
  const { live } = useApp();
  const nodes = nodesInView(live);
  return (
    <Card title="Runtime" span={5} liveOnly aside={<span class="card-note">{describeVersions(nodes)}</span>}>
      {nodes.length === 0 ? (
        <EmptyState {...explainEmpty(live, "processes")} />
      ) : (
        <ul class="runtimes">
          {nodes.slice(0, MOST_NODES).map((row) => (
            <RuntimeRow key={row.node} row={row} />
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Says it when not all of them run the same. */
function describeVersions(nodes: readonly NodeRow[]): string {
  const versions = [...new Set(nodes.map(({ runtime }) => runtime))];
  return versions.length > 1 ? `${versions.length} different versions` : (versions[0] ?? "");
}

function RuntimeRow({ row }: { readonly row: NodeRow }): VNode {
  const { live } = useApp();
  const restarts = `${join(count(row.restarts))} ${row.restarts === 1 ? "restart" : "restarts"}`;
  return (
    <li>
      <p class="node-head">
        <span class="truncate">{row.instance}</span>
        {row.restarts > 0 ? (
          <span class="chip" data-tone="warn">
            <Icon name="retry" />
            {restarts}
          </span>
        ) : null}
        <span class="fine">
          {row.runtime} · pid {row.pid} ·{" "}
          {row.state === "live"
            ? `up ${span(live.now.value - row.startedAt)}`
            : `silent for ${span(live.now.value - row.lastAt)}`}
          {row.restarts > 0 ? "" : ` · ${restarts}`}
        </span>
      </p>
      <p class="libraries">
        {row.findings.length === 0 ? (
          <span class="fine">Nothing was handed to the monitor.</span>
        ) : (
          row.findings.map((finding) => <Library key={`${finding.library} ${finding.server}`} finding={finding} />)
        )}
      </p>
    </li>
  );
}

function Library({ finding }: { readonly finding: Finding }): VNode {
  const { library, server, version, state, notes } = finding;
  return (
    <span class="chip" data-tone={state === "partial" ? "warn" : undefined} title={notes.join("\n")}>
      {state === "partial" ? <Icon name="warn" /> : null}
      {SOURCE_LIBRARIES[library]?.title ?? library} {version ?? ""}
      {server === "" || server === library ? null : <span class="fine">{server}</span>}
      {state === "partial" ? " partly" : null}
    </span>
  );
}

/** One collector over all nodes in view: where it costs most. */
interface Shown extends CollectorRow {
  readonly node: string;
  readonly nodes: number;
  readonly share: number | null;
}

type Column = "name" | "at" | "cost" | "reads" | "failures";

const FIGURES: Figures<Shown, Column> = {
  name: (row) => row.name,
  at: (row) => row.intervalMs,
  cost: (row) => row.share,
  reads: (row) => row.reads,
  failures: (row) => row.failures,
};

/** What is read at intervals, what that costs of its budget, and what was demoted. */
export function Collectors(): VNode {
  const { live } = useApp();
  const sorter = useSorter<Column>("cost");
  const chosen = live.node.value;
  const told = live.table("collectors").value;
  // What a silent process read last is no concern of now, unless it is the one that is looked at.
  const silent = nodesInView(live).flatMap(({ node, state }) => (state === "live" ? [] : node));
  const rows = worstOfEach(
    (told ?? []).filter(({ node }) => (chosen === null ? !silent.includes(node) : node === chosen)),
  );
  const held = useSortedRows(rows, FIGURES, sorter, ({ name }) => name);
  const several = nodesInView(live).length > 1;
  return (
    <Card
      title="Collectors"
      liveOnly
      span={7}
      caption={`what is read at intervals, and what one read takes of its budget${several ? " · of several nodes the one where it costs most" : ""}`}
    >
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "collectors")} />
      ) : (
        <SortedTable
          label="Cost of each collector"
          class="collectors"
          held={held}
          keyOf={({ name }) => name}
          head={<Heads {...sorter} />}
          row={several ? RowWithNode : Row}
        />
      )}
    </Card>
  );
}

/** The row of the node where each costs most. */
function worstOfEach(rows: readonly (CollectorRow & { readonly node: string })[]): readonly Shown[] {
  const worst = new Map<string, Shown>();
  for (const row of rows) {
    const share = row.budgetSeconds > 0 && row.reads > 0 ? row.seconds / row.budgetSeconds : null;
    const known = worst.get(row.name);
    const nodes = (known?.nodes ?? 0) + 1;
    const shown = { ...row, share, nodes };
    worst.set(row.name, known === undefined || concern(shown) > concern(known) ? shown : { ...known, nodes });
  }
  return [...worst.values()];
}

/** Demoted ones first, for that is what people should see. */
function concern({ note, share }: Shown): number {
  return (note === null ? 0 : 1000) + (share ?? 0);
}

function Heads(props: Sorter<Column>): VNode {
  return (
    <>
      <SortHeader by="name" label="Collector" class="name" {...props} />
      <SortHeader by="at" label="Every" {...props} />
      <SortHeader
        by="cost"
        label="A read takes"
        short="Takes"
        title="Mean of the last reads, of what it may take"
        {...props}
      />
      <SortHeader by="reads" label="Reads" class="num wide-cell" {...props} />
      <SortHeader by="failures" label="Failed" class="num wide-cell" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: Shown }): VNode {
  return <CollectorCells row={row} withNode={false} />;
}

function RowWithNode({ row }: { readonly row: Shown }): VNode {
  return <CollectorCells row={row} withNode />;
}

function CollectorCells({ row, withNode }: { readonly row: Shown; readonly withNode: boolean }): VNode {
  const moved = row.at !== row.tier;
  const over = row.share !== null && row.share > 1;
  return (
    <tr>
      <th scope="row" class="name">
        <span>
          <span class="truncate">{row.name}</span>
          {withNode ? <span class="fine truncate">{instanceOf(row.node)}</span> : null}
          {row.note === null ? null : (
            <span class="chip" data-tone={moved || over ? "warn" : undefined} title={row.note}>
              {moved ? <Icon name="warn" /> : null}
              <span class="truncate">{row.note}</span>
            </span>
          )}
        </span>
        <small class="narrow-line">
          {moved ? `${row.at}, was ${row.tier}` : row.at}
          {row.failures > 0 ? ` · ${join(count(row.failures))} failed` : ""}
        </small>
      </th>
      <td class="num">
        {join(duration(row.intervalMs / 1000))}
        <small class="tag">{moved ? `${row.at}, was ${row.tier}` : row.at}</small>
      </td>
      <td class="num cost-cell">
        <span>
          {row.reads === 0 ? "–" : join(duration(row.seconds))}{" "}
          <span class="fine">of {join(duration(row.budgetSeconds))}</span>
        </span>
        <Bar share={row.share} {...(over ? { tone: "warn" } : {})} />
      </td>
      <td class="num wide-cell">{join(count(row.reads))}</td>
      <td class="num wide-cell">{join(count(row.failures))}</td>
    </tr>
  );
}
