import type { EventRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { duration, join, rate } from "../../format/quantity.ts";
import { pastRows, windowNote } from "../past-rows.ts";
import { explainEmpty, staleSince } from "../reporting.ts";

const MOST_EVENTS = 8;

/** The event names that make the traffic. */
export function BusiestEvents(): VNode {
  const { live } = useApp();
  const past = pastRows(live, "events");
  const rows = ((live.past.value === null ? live.table("events").value : past?.rows) ?? []).slice(0, MOST_EVENTS);
  const most = Math.max(...rows.map((row) => row.rate), 1e-9);
  return (
    <Card
      title="Busiest events"
      span={4}
      staleSince={staleSince(live)}
      aside={<span class="card-note">{windowNote(live, "last 10 s")}</span>}
    >
      {rows.length === 0 ? (
        <EmptyState {...explainEmpty(live, "messages")} />
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col" class="num">
                per s
              </th>
              <th scope="col">
                <span class="sr-only">Share</span>
              </th>
              <th scope="col" class="num">
                p95
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={`${row.library} ${row.direction} ${row.event}`} row={row} most={most} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Row({ row, most }: { readonly row: EventRow; readonly most: number }): VNode {
  return (
    <tr>
      <th scope="row" class="name">
        <span title={`${row.event} (${row.library}, ${row.direction})`}>
          <Icon name={row.direction} />
          <span class="sr-only">{row.direction} </span>
          <span class="mono truncate">{row.event}</span>
        </span>
      </th>
      <td class="num">{rate(row.rate).text}</td>
      <td>
        <Bar share={row.rate / most} />
      </td>
      <td class="num">{join(duration(row.p95))}</td>
    </tr>
  );
}
