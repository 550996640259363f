import type { HandlerRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { duration, join, rate, share } from "../../format/quantity.ts";
import { allNodes, explainEmpty } from "../reporting.ts";

type Column = "event" | "rate" | "share" | "p50" | "p95" | "max" | "errors";

const FIGURES: Figures<HandlerRow, Column> = {
  event: (row) => row.event,
  rate: (row) => row.rate,
  share: (row) => row.share,
  p50: (row) => row.p50,
  p95: (row) => row.p95,
  max: (row) => row.max,
  errors: (row) => row.errorsPerMinute,
};

/** What each handler costs the event loop. */
export function Handlers(): VNode {
  const { live } = useApp();
  const sorter = useSorter<Column>("share");
  const all = live.table("handlers").value ?? [];
  const held = useSortedRows(all, FIGURES, sorter, keyOf);
  return (
    <Card
      title="Processing by handler"
      liveOnly
      span={7}
      caption={allNodes(
        live,
        "synchronous part of each handler, last minute · calls over 10 s · the 50 that cost most",
      )}
    >
      {all.length === 0 ? (
        <EmptyState {...explainEmpty(live, "handlers")} />
      ) : (
        <SortedTable label="Handlers" held={held} keyOf={keyOf} head={<Heads {...sorter} />} row={Row} />
      )}
    </Card>
  );
}

function Heads(props: Sorter<Column>): VNode {
  return (
    <>
      <SortHeader by="event" label="Handler" class="name" {...props} />
      <SortHeader by="rate" label="Calls/s" {...props} />
      <SortHeader
        by="share"
        label="Of event loop"
        title="Seconds in it for each second"
        class="num wide-cell"
        {...props}
      />
      <SortHeader by="p50" label="p50" class="num wide-cell" {...props} />
      <SortHeader by="p95" label="p95" {...props} />
      <SortHeader by="max" label="Max" class="num wide-cell" {...props} />
      <SortHeader by="errors" label="Errors/min" short="Err/min" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: HandlerRow }): VNode {
  return (
    <tr>
      <th scope="row" class="name">
        <span title={`${row.event} (${row.library})`}>
          <span class="mono truncate">{row.event}</span>
        </span>
        <small class="narrow-line">
          {join(share(row.share))} of loop · max {join(duration(row.max))}
        </small>
      </th>
      <td class="num">{rate(row.rate).text}</td>
      <td class="wide-cell share">
        <Bar share={row.share} />
        <span>{join(share(row.share))}</span>
      </td>
      <td class="num wide-cell">{join(duration(row.p50))}</td>
      <td class="num">{join(duration(row.p95))}</td>
      <td class="num wide-cell">{join(duration(row.max))}</td>
      <td class="num">{row.errorsPerMinute === 0 ? "0" : rate(row.errorsPerMinute).text}</td>
    </tr>
  );
}

function keyOf({ library, event }: HandlerRow): string {
  return `${library} ${event}`;
}
