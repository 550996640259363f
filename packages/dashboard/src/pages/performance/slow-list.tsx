import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { type HeatCell, octaveRange } from "../../charts/heatmap.tsx";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { bytes, count, duration, join, share } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import { connectionHref } from "../connection-link.ts";
import { explainEmpty, noneOf } from "../reporting.ts";
import { SERIES } from "./selectors.ts";
import { keyOf, SlowBook } from "./slow-book.ts";
import { breakdownOf, groupSlow, type SlowGroup, slowOfCell } from "./slow-events.ts";

type Column = "time" | "event" | "node" | "took" | "queue" | "socket";

const FIGURES: Figures<SlowGroup, Column> = {
  time: (row) => row.at,
  event: (row) => row.event,
  node: (row) => row.node,
  took: (row) => row.seconds,
  queue: (row) => row.queueSeconds,
  socket: (row) => row.bufferedBytes,
};

interface SlowListProps {
  /** Only what falls into this cell of the heatmap; `null` for all. */
  readonly cell: HeatCell | null;
  readonly onAll: () => void;
}

/** Single events, the slowest first, each with where its time went. */
export function SlowList({ cell, onAll }: SlowListProps): VNode {
  const { live } = useApp();
  const sorter = useSorter<Column>("took");
  const book = useRef(new SlowBook());
  const told = live.table("slow").value;
  book.current.take(told ?? []);
  const chosen = live.node.value;
  const there = cell === null ? (told ?? []) : slowOfCell(book.current.events, cell);
  const seen = there.filter(({ node }) => chosen === null || node === chosen);
  const held = useSortedRows(groupSlow(seen), FIGURES, sorter, keyOf, `${cell?.fromAt} ${cell?.octave}`);
  return (
    <Card
      title="Slow events"
      liveOnly
      span={12}
      caption="what took longer than the slowMs option, 100 ms unless set, and examples of every other duration"
      aside={<CellChip cell={cell} onAll={onAll} />}
    >
      {seen.length === 0 ? (
        <EmptyState {...(cell === null ? explainNone(live) : explainCell(cell))} />
      ) : (
        <SortedTable label="Single slow events" held={held} keyOf={keyOf} head={<Heads {...sorter} />} row={Row} />
      )}
      <Sampling />
    </Card>
  );
}

function Heads(props: Sorter<Column>): VNode {
  return (
    <>
      <SortHeader by="time" label="Time" class="num start" {...props} />
      <SortHeader by="event" label="Event" class="name" {...props} />
      <SortHeader by="node" label="Node" class="wide-cell" {...props} />
      <SortHeader by="took" label="Took" {...props} />
      <th scope="col" class="wide-cell">
        <span class="split-key">
          <i /> queue ≤ <i /> handler or ack
        </span>
      </th>
      <SortHeader
        by="queue"
        label="Queue ≤"
        title="Event-loop lag around that time: what it waited for its turn at most"
        class="num wide-cell"
        {...props}
      />
      <SortHeader
        by="socket"
        label="In socket"
        title="Bytes that waited in the connection's send buffer then"
        class="num wide-cell"
        {...props}
      />
      <th scope="col" class="num">
        <span class="wide-text">Connection</span>
      </th>
    </>
  );
}

function CellChip({ cell, onAll }: SlowListProps): VNode {
  const { clock } = useApp();
  return (
    <span class="filters">
      <span role="status">
        {cell === null ? null : (
          <span class="chip">
            {clock.value.time(cell.fromAt)} – {clock.value.time(cell.toAt)} · {octaveRange(cell.octave)}
          </span>
        )}
      </span>
      {cell === null ? null : (
        <button type="button" class="button" onClick={onAll}>
          Show all
        </button>
      )}
    </span>
  );
}

const KINDS = { handler: "handler", ack: "to ack", broadcast: "broadcast" } as const;

function Row({ row }: { readonly row: SlowGroup }): VNode {
  const { clock, route } = useApp();
  const { queue, work, waiting, queueShare } = breakdownOf(row);
  return (
    <tr>
      <td>
        <time>{clock.value.time(row.at)}</time>
      </td>
      <th scope="row" class="name">
        <span title={`${row.event} (${row.library})`}>
          <span class="mono truncate">{row.event}</span>
          <Alike row={row} />
        </span>
        <small class="narrow-line">
          queue ≤ {join(duration(queue))} · {row.node}
        </small>
      </th>
      <td class="wide-cell nowrap">{row.node}</td>
      <td class="num">
        {join(duration(work))}
        <small class="tag">{KINDS[row.kind]}</small>
      </td>
      <td class="wide-cell breakdown">
        <SplitBar queueShare={queueShare} />
      </td>
      <td class="num wide-cell">{join(duration(queue))}</td>
      <td class="num wide-cell">{join(bytes(waiting))}</td>
      <td class="num">
        {row.connection === null ? (
          "–"
        ) : (
          <a href={connectionHref(route, row.node, row.connection)}>#{row.connection}</a>
        )}
      </td>
    </tr>
  );
}

/** How many the row stands for. */
function Alike({ row: { times, shortest, seconds } }: { readonly row: SlowGroup }): VNode | null {
  if (times === 1) return null;
  const title = `${times} in the same second, from ${join(duration(shortest))} to ${join(duration(seconds))}; shown is the slowest`;
  return <b title={title}>×{times}</b>;
}

/** The queue's part and the rest. It repeats the figures beside it. */
function SplitBar({ queueShare }: { readonly queueShare: number | null }): VNode {
  return (
    <span class="split-bar" aria-hidden="true">
      {queueShare === null ? null : (
        <>
          <i style={{ width: percent(queueShare) }} hidden={queueShare < 0.01} />
          <i style={{ width: percent(1 - queueShare) }} />
        </>
      )}
    </span>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function explainNone(live: LiveState): Emptiness {
  if (noneOf(live) === null || live.table("slow").value === null) return explainEmpty(live, "slow events");
  return {
    icon: "waiting",
    title: "Nothing was timed yet",
    why: "Handlers, acks and broadcasts show up here once they were timed, the slowest first.",
  };
}

function explainCell(cell: HeatCell): Emptiness {
  const messages =
    cell.count === null
      ? "Nothing is known of this cell."
      : `${join(count(cell.count))} messages took ${octaveRange(cell.octave)} then.`;
  return {
    icon: "waiting",
    title: "No single event of this cell was kept",
    why: `${messages} Kept is what takes longer than the slowMs option, and one example a second of every other duration, for as long as this page is open.`,
    snippet: "await monitor({ io }, { slowMs: 20 })",
  };
}

/** How much of what happens is timed at all. */
function Sampling(): VNode {
  const { live } = useApp();
  live.tick.value;
  return (
    <p class="fine card-foot">
      {describeSampling(live.series(SERIES.sampling).latest())} The queue is the event-loop lag around that time: what
      the event waited for its turn at most.
    </p>
  );
}

function describeSampling(ratio: number | null): string {
  if (ratio === null) return "";
  if (ratio >= 1) return "Every message is timed now.";
  return `One in ${join(count(1 / ratio))} messages is timed now (${join(share(ratio))}), so that timing stays cheap; slow ones among the others are not seen.`;
}
