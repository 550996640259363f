import type { LiveTableRows } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, share, span } from "../../format/quantity.ts";
import { allNodes } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import type { Source } from "../use-source.ts";

type QueryRow = LiveTableRows["queries"][number] & {
  /** Of the time of all statements that are listed. */
  readonly part: number;
};

const ON_SCREEN = { series: [], tables: ["queries"] } as const;

type Column = "shape" | "calls" | "errors" | "total" | "mean" | "p95" | "max" | "last";

const FIGURES: Figures<QueryRow, Column> = {
  shape: (row) => row.shape,
  calls: (row) => row.calls,
  errors: (row) => row.errors,
  total: (row) => row.totalSeconds,
  mean: (row) => row.totalSeconds / Math.max(1, row.calls),
  p95: (row) => row.p95Seconds,
  max: (row) => row.maxSeconds,
  last: (row) => row.lastAt,
};

/** Statements by shape, their literals taken out, those first that took most time together. */
export function Queries({ source }: { readonly source: Source }): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const sorter = useSorter<Column>("total");
  const told = (live.table("queries").value ?? []).filter((row) => source.name === null || row.client === source.name);
  const whole = told.reduce((sum, { totalSeconds }) => sum + totalSeconds, 0);
  const rows = told.map((row) => ({ ...row, part: whole === 0 ? 0 : row.totalSeconds / whole }));
  const held = useSortedRows(rows, FIGURES, sorter, keyOf);
  return (
    <Card
      title="Slow query shapes"
      liveOnly
      span={12}
      caption={`${allNodes(live, "since the processes began")} · what is compared or stored is never kept, only the shape`}
    >
      {rows.length === 0 ? (
        <EmptyState
          icon="waiting"
          title="No statement yet"
          why="Statements of a pg client are listed here by shape. Those that Prisma makes are listed by model and operation below."
        />
      ) : (
        <SortedTable
          label="Statements by shape"
          class="queries"
          held={held}
          keyOf={keyOf}
          head={<Heads {...sorter} />}
          row={Row}
        />
      )}
    </Card>
  );
}

function keyOf({ client, system, shape }: QueryRow): string {
  return `${client} ${system} ${shape}`;
}

function Heads(props: Sorter<Column>): VNode {
  return (
    <>
      <SortHeader by="shape" label="Shape" class="name" {...props} />
      <SortHeader by="calls" label="Calls" {...props} />
      <SortHeader by="errors" label="Errors" class="num wide-cell" {...props} />
      <SortHeader by="mean" label="Mean" class="num wide-cell" {...props} />
      <SortHeader by="p95" label="p95" title="Of the worst node" {...props} />
      <SortHeader by="max" label="Max" class="num wide-cell" {...props} />
      <SortHeader by="total" label="Total time" short="Total" {...props} />
      <SortHeader by="last" label="Last" class="num wide-cell" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: QueryRow }): VNode {
  const { live } = useApp();
  return (
    <tr data-tone={row.errors > 0 ? "crit" : undefined}>
      <th scope="row" class="name">
        <code class="shape" title={row.shape}>
          {row.shape}
        </code>
        <small class="fine">
          {row.client}
          {row.nodes > 1 ? ` · ${row.nodes} nodes` : ""}
        </small>
      </th>
      <td class="num">{join(count(row.calls))}</td>
      <td class="num wide-cell">{join(count(row.errors))}</td>
      <td class="num wide-cell">{join(duration(row.totalSeconds / Math.max(1, row.calls)))}</td>
      <td class="num">{join(duration(row.p95Seconds))}</td>
      <td class="num wide-cell">{join(duration(row.maxSeconds))}</td>
      <td class="num total-cell">
        <span title={`${join(share(row.part))} of the time of all that are listed`}>
          {join(duration(row.totalSeconds))}
        </span>
        <Bar share={row.part} />
      </td>
      <td class="num wide-cell">{span(live.now.value - row.lastAt)} ago</td>
    </tr>
  );
}
