import type { HandlerRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { useHeldOrder } from "../../components/held-order.ts";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Sorting, sortRows } from "../../components/sort-rows.ts";
import { duration, join, rate, share } from "../../format/quantity.ts";
import { allNodes, explainEmpty } from "../reporting.ts";

type Column = "event" | "rate" | "share" | "p50" | "p95" | "max" | "errors";

const FIGURES: { readonly [C in Column]: (row: HandlerRow) => number | string | null } = {
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
  const [sorting, setSorting] = useState<Sorting<Column>>({ key: "share", descending: true });
  const all = live.table("handlers").value ?? [];
  const sorted = sortRows(all, FIGURES[sorting.key], sorting.descending);
  const { rows, handlers } = useHeldOrder(sorted, keyOf, `${sorting.key} ${sorting.descending}`);
  const props = { sorting, onSort: setSorting };
  return (
    <Card
      title="Processing by handler"
      span={7}
      caption={allNodes(
        live,
        "synchronous part of each handler, last minute · calls over 10 s · the 50 that cost most",
      )}
    >
      {all.length === 0 ? (
        <EmptyState {...explainEmpty(live, "handlers")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="table-scroll" aria-label="Handlers" tabIndex={0}>
          <table class="rows">
            <thead>
              <tr>
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
              </tr>
            </thead>
            <tbody {...handlers}>
              {rows.map((row) => (
                <Row key={keyOf(row)} row={row} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Card>
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
