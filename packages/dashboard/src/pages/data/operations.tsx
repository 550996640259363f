import type { OperationRow, SourceHint } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, rate, share } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { allNodes, explainEmpty } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import type { Source } from "../use-source.ts";

const ON_SCREEN = { series: [], tables: ["operations"], past: ["operations"] } as const;

/** Why a panel of something that is watched is empty, in the words that the doctor uses. */
export function explainHint({ title, why, fix }: SourceHint): Emptiness {
  return { icon: fix === null ? "waiting" : "plug", title, why };
}

type Column = "operation" | "kind" | "rate" | "share" | "total" | "p50" | "p95";

const FIGURES: Figures<OperationRow, Column> = {
  operation: (row) => `${row.collection} ${row.operation}`,
  kind: (row) => row.kind,
  rate: (row) => row.rate,
  share: (row) => row.share,
  total: (row) => row.total,
  p50: (row) => row.p50,
  p95: (row) => row.p95,
};

interface OperationsProps {
  readonly source: Source;
  readonly of: "database" | "cache";
  readonly span?: 6 | 12;
}

/** Every operation with what it costs. */
export function Operations({ source, of, span = 12 }: OperationsProps): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const sorter = useSorter<Column>("rate");
  const away = live.past.value !== null;
  const known = away ? pastRows(live, "operations")?.rows : live.table("operations").value;
  const rows = (known ?? []).filter((row) => (row.system === "redis") === (of === "cache"));
  const held = useSortedRows(rows, FIGURES, sorter, keyOf);
  const all = source.names.length > 1 ? ", all clients" : "";
  return (
    <Card
      title={of === "cache" ? "Commands" : "Operations by name"}
      span={span}
      caption={`${away ? "rates and latency in the window" : allNodes(live, "rates over 10 s, latency over 1 min")}${all}`}
      staleSince={source.stale}
    >
      {rows.length === 0 ? (
        <EmptyState {...(away ? explainEmpty(live, "operations") : explainHint(source.hint))} />
      ) : (
        <SortedTable
          label={of === "cache" ? "Commands by name" : "Operations"}
          class={source.stale === null ? "operations" : "operations stale-rows"}
          held={held}
          keyOf={keyOf}
          head={<Heads {...sorter} away={away} />}
          row={Row}
        />
      )}
    </Card>
  );
}

function keyOf({ operation, collection, kind }: OperationRow): string {
  return `${collection} ${operation} ${kind}`;
}

function Heads({ away, ...props }: Sorter<Column> & { readonly away: boolean }): VNode {
  return (
    <>
      <SortHeader by="operation" label="Operation" class="name" {...props} />
      <SortHeader by="kind" label="Kind" class="wide-cell" {...props} />
      <SortHeader by="rate" label="Per s" {...props} />
      <SortHeader by="share" label="Share" class="num wide-cell" {...props} />
      <SortHeader by="total" label="Total" title={away ? "In the window" : "Since the processes began"} {...props} />
      <SortHeader by="p50" label="p50" class="num wide-cell" {...props} />
      <SortHeader by="p95" label="p95" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: OperationRow }): VNode {
  return (
    <tr>
      <th scope="row" class="name">
        <span>
          <span class="mono truncate">
            {row.collection === "" ? "" : `${row.collection}.`}
            {row.operation}
          </span>
        </span>
        <small class="narrow-line">{row.kind}</small>
      </th>
      <td class="wide-cell">{row.kind}</td>
      <td class="num">{rate(row.rate).text}</td>
      <td class="wide-cell share">
        <Bar share={row.share} />
        <span>{join(share(row.share))}</span>
      </td>
      <td class="num">{join(count(row.total))}</td>
      <td class="num wide-cell">{join(duration(row.p50))}</td>
      <td class="num">{join(duration(row.p95))}</td>
    </tr>
  );
}
