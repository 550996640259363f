import type { QueueRow, QueuesTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { Card } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, perMinute } from "../../format/quantity.ts";
import { Clears } from "./clears.tsx";
import { Confidence } from "./confidence.tsx";
import { MinuteBars } from "./minute-bars.tsx";
import { doneOf } from "./queue-figures.ts";

type Column = "name" | "waiting" | "active" | "delayed" | "failed" | "done" | "wait" | "run" | "clears" | "confidence";

const FIGURES: Figures<QueueRow, Column> = {
  name: ({ queue }) => queue,
  waiting: ({ waiting }) => waiting,
  active: ({ active }) => active,
  delayed: ({ delayed }) => delayed,
  failed: ({ failed }) => failed,
  done: doneOf,
  wait: ({ waitP95 }) => waitP95,
  run: ({ runP95 }) => runP95,
  clears: ({ clearsInMs }) => clearsInMs,
  confidence: ({ confidence }) => confidence,
};

const HEADS: readonly {
  readonly by: Column;
  readonly label: string;
  readonly title?: string;
  readonly class?: string;
}[] = [
  { by: "waiting", label: "Waiting" },
  { by: "active", label: "Active" },
  { by: "delayed", label: "Delayed", class: "num medium-only" },
  {
    by: "failed",
    label: "Failed",
    title: "As the queue keeps them, else those of the last 24 hours",
    class: "num medium-only",
  },
  { by: "done", label: "Done/min", title: "Done within the last minute, failed ones left out" },
  { by: "wait", label: "Wait p95", title: "From being ready to the start, last 15 minutes", class: "num wide-only" },
  { by: "run", label: "Run p95", title: "From start to end, last 15 minutes", class: "num medium-only" },
  {
    by: "clears",
    label: "Clears in",
    title: "Until all that wait now have begun; eight in ten times within what stands after it",
    class: "num",
  },
  {
    by: "confidence",
    label: "Confidence",
    title: "Of estimates: how many of 100 end within 25 % of them",
    class: "medium-only",
  },
];

interface QueueTableProps {
  readonly table: QueuesTable;
  readonly chosen: string | null;
  readonly onChoose: (queue: string | null) => void;
}

/** Every queue as it stands; pressed, one is what the rest of the page is about. */
export function QueueTable({ table, chosen, onChoose }: QueueTableProps): VNode {
  const narrow = useNarrow();
  const sorter = useSorter<Column>("waiting");
  const held = useSortedRows(table.rows, FIGURES, sorter, ({ queue }) => queue);
  return (
    <Card
      title="Queues"
      span={12}
      liveOnly
      aside={
        chosen === null ? (
          <span class="card-note">{table.rows.length > 1 ? "press one to look at it alone" : ""}</span>
        ) : (
          <button type="button" class="button" onClick={() => onChoose(null)}>
            <Icon name="close" />
            All queues
          </button>
        )
      }
    >
      {narrow ? (
        <ul class="queue-cards">
          {held.rows.map((row) => (
            <QueueItem key={row.queue} row={row} chosen={chosen === row.queue} onChoose={onChoose} />
          ))}
        </ul>
      ) : (
        <SortedTable
          label="All queues"
          class="queues"
          held={held}
          keyOf={({ queue }) => queue}
          head={
            <>
              <SortHeader by="name" label="Queue" class="name" {...sorter} />
              {HEADS.map((head) => (
                <SortHeader key={head.by} {...head} {...sorter} />
              ))}
              <th scope="col" class="wide-only">
                15 min
              </th>
            </>
          }
          row={({ row }) => <Row row={row} chosen={chosen === row.queue} onChoose={onChoose} />}
        />
      )}
      {table.leftOut === 0 ? null : <p class="card-line">and {join(count(table.leftOut))} more, emptier ones</p>}
    </Card>
  );
}

interface RowProps {
  readonly row: QueueRow;
  readonly chosen: boolean;
  readonly onChoose: QueueTableProps["onChoose"];
}

function Row({ row, chosen, onChoose }: RowProps): VNode {
  const ms = (value: number | null) => join(duration(value === null ? null : value / 1000));
  return (
    <tr data-chosen={chosen ? "" : undefined}>
      <th scope="row" class="name">
        <Name row={row} chosen={chosen} onChoose={onChoose} />
      </th>
      <td class="num">{count(row.waiting).text}</td>
      <td class="num">{count(row.active).text}</td>
      <td class="num medium-only">{count(row.delayed).text}</td>
      <td class="num medium-only">{count(row.failed).text}</td>
      <td class="num">{perMinute(doneOf(row)).text}</td>
      <td class="num wide-only">{ms(row.waitP95)}</td>
      <td class="num medium-only">{ms(row.runP95)}</td>
      <td class="num">
        <Clears row={row} />
      </td>
      <td class="medium-only">
        <Confidence confidence={row.confidence} />
      </td>
      <td class="wide-only">
        <MinuteBars counts={row.spark} />
      </td>
    </tr>
  );
}

function Name({ row, chosen, onChoose }: RowProps): VNode {
  return (
    <span>
      <button
        type="button"
        class="link truncate mono"
        aria-pressed={chosen}
        onClick={() => onChoose(chosen ? null : row.queue)}
      >
        {row.queue}
      </button>
      {row.paused ? (
        <span class="chip" data-tone="warn">
          <Icon name="pause" />
          paused
        </span>
      ) : null}
      <small class="fine">{row.library}</small>
    </span>
  );
}

/** The same in two lines, for phones. */
function QueueItem({ row, chosen, onChoose }: RowProps): VNode {
  return (
    <li data-chosen={chosen ? "" : undefined}>
      <p class="queue-head">
        <Name row={row} chosen={chosen} onChoose={onChoose} />
        <Confidence confidence={row.confidence} />
      </p>
      <p class="queue-figures">
        <span>
          <b>{count(row.waiting).text}</b> waiting · <b>{count(row.active).text}</b> active ·{" "}
          <b>{perMinute(doneOf(row)).text}</b> done/min
        </span>
        <span>
          <Clears row={row} />
        </span>
      </p>
    </li>
  );
}
