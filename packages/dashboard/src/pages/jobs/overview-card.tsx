import type { QueueRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import { count, perMinute } from "../../format/quantity.ts";
import { Clears } from "./clears.tsx";
import { doneOf, sumOf } from "./queue-figures.ts";
import "../../style/components.css";
import "../../style/jobs.css";

/** Most queues that the card names. */
const MOST = 5;

/** How full the queues are and when they are empty, the fullest first; nothing where there is no queue. */
export function QueuesCard(): VNode | null {
  const { live, route } = useApp();
  const table = live.table("queues").value;
  const sum = sumOf(table?.rows ?? []);
  if (table === null || sum === null) return null;
  const shown = table.rows.slice(0, MOST);
  const more = table.rows.length - shown.length + table.leftOut;
  return (
    <div class="grid queues-card">
      <Card
        title="Queues"
        span={12}
        liveOnly
        aside={
          <a class="card-note truncate" href={route.hrefTo({ page: "jobs", params: {} })}>
            <b>{count(sum.waiting).text}</b> waiting · <b>{count(sum.active).text}</b> active
          </a>
        }
      >
        <table class="rows" aria-label="Queues">
          <thead>
            <tr>
              <th scope="col" class="name">
                Queue
              </th>
              <th scope="col" class="num">
                Waiting
              </th>
              <th scope="col" class="num">
                Active
              </th>
              <th scope="col" class="num medium-only">
                Done/min
              </th>
              <th scope="col" class="num">
                Clears in
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.queue} row={row} />
            ))}
          </tbody>
        </table>
        {more === 0 ? null : <p class="card-line">and {count(more).text} more, emptier ones</p>}
      </Card>
    </div>
  );
}

function Row({ row }: { readonly row: QueueRow }): VNode {
  const { route } = useApp();
  return (
    <tr>
      <th scope="row" class="name">
        <span>
          <a class="link truncate mono" href={route.hrefTo({ page: "jobs", params: { queue: row.queue } })}>
            {row.queue}
          </a>
          {row.paused ? (
            <span class="chip" data-tone="warn">
              <Icon name="pause" />
              paused
            </span>
          ) : null}
        </span>
      </th>
      <td class="num">{count(row.waiting).text}</td>
      <td class="num">{count(row.active).text}</td>
      <td class="num medium-only">{perMinute(doneOf(row)).text}</td>
      <td class="num">
        <Clears row={row} />
      </td>
    </tr>
  );
}
