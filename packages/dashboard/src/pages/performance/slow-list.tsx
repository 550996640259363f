import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import type { HeatCell } from "../../charts/heatmap.tsx";
import { octaveRange } from "../../charts/heatmap.tsx";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { bytes, count, duration, join, share } from "../../format/quantity.ts";
import { connectionHref } from "../connection-link.ts";
import { explainEmpty, noneOf } from "../reporting.ts";
import { SERIES } from "./selectors.ts";
import { breakdownOf, type SlowEvent, slowOfCell } from "./slow-events.ts";

interface SlowListProps {
  /** Only what falls into this cell of the heatmap; `null` for all. */
  readonly cell: HeatCell | null;
  readonly onAll: () => void;
}

/** Events that took longer than the limit, each with where its time went. */
export function SlowList({ cell, onAll }: SlowListProps): VNode {
  const { live } = useApp();
  const chosen = live.node.value;
  const all = (live.table("slow").value ?? []).filter(({ node }) => chosen === null || node === chosen);
  const rows = cell === null ? all : slowOfCell(all, cell);
  return (
    <Card
      title="Slow events"
      span={12}
      caption="longer than the slowMs option, 100 ms unless set · the newest 50 of all nodes"
      aside={<CellChip cell={cell} onAll={onAll} />}
    >
      {rows.length === 0 ? (
        <Nothing cell={cell} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="table-scroll" aria-label="Slow events" tabIndex={0}>
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Event</th>
                <th scope="col" class="wide-cell">
                  Node
                </th>
                <th scope="col" class="num">
                  Took
                </th>
                <th scope="col" class="wide-cell" title="Event-loop lag around that time: what it waited at most">
                  Queue ≤
                </th>
                <th scope="col" class="num wide-cell" title="Bytes in the connection's send buffer then">
                  In socket
                </th>
                <th scope="col" class="num">
                  Connection
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={`${row.node} ${row.at} ${row.kind} ${row.event} ${row.connection}`} row={row} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Sampling />
    </Card>
  );
}

function CellChip({ cell, onAll }: SlowListProps): VNode | null {
  const { clock } = useApp();
  if (cell === null) return null;
  return (
    <span class="filters" role="status">
      <span class="chip">
        {clock.value.time(cell.fromAt)} – {clock.value.time(cell.toAt)} · {octaveRange(cell.octave)}
      </span>
      <button type="button" class="button" onClick={onAll}>
        Show all
      </button>
    </span>
  );
}

const KINDS = { handler: "in handler", ack: "to ack", broadcast: "broadcast" } as const;

function Row({ row }: { readonly row: SlowEvent }): VNode {
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
        </span>
        <small class="narrow-line">
          {row.node} · queue ≤ {join(duration(queue))}
        </small>
      </th>
      <td class="wide-cell">{row.node}</td>
      <td class="num">
        {join(duration(work))}
        <small class="tag">{KINDS[row.kind]}</small>
      </td>
      <td class="wide-cell share">
        <Bar share={queueShare} tone="warn" />
        <span>{join(duration(queue))}</span>
      </td>
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

function Nothing({ cell }: { readonly cell: HeatCell | null }): VNode {
  const { live } = useApp();
  return <EmptyState {...(cell === null ? explainNone(noneOf(live) === null, live) : explainCell(cell))} />;
}

function explainNone(unwatched: boolean, live: Parameters<typeof explainEmpty>[0]): Emptiness {
  if (unwatched || live.table("slow").value === null) return explainEmpty(live, "slow events");
  return {
    icon: "ok",
    title: "Nothing was slow",
    why: "No timed event took longer than the limit. Set a lower one to see more.",
    snippet: "await monitor({ io, slowMs: 20 })",
  };
}

function explainCell(cell: HeatCell): Emptiness {
  const messages =
    cell.count === null
      ? "Nothing is known of this cell."
      : `${join(count(cell.count))} messages took ${octaveRange(cell.octave)} then.`;
  return {
    icon: "waiting",
    title: "No slow event of this cell is kept",
    why: `${messages} Single events are kept when they take longer than the slowMs option (100 ms unless set), the newest 50.`,
    snippet: "await monitor({ io, slowMs: 20 })",
  };
}

/** How much of what happens is timed at all. */
function Sampling(): VNode {
  const { live } = useApp();
  live.tick.value;
  const ratio = live.series(SERIES.sampling).latest();
  return (
    <p class="fine card-foot">
      {ratio === null || ratio >= 1
        ? "Every message is timed now."
        : `One in ${join(count(1 / ratio))} messages is timed now (${join(share(ratio))}), so that timing stays cheap; slow ones among the others are not seen.`}{" "}
      The queue is the event-loop lag around that time: what the event waited for its turn at most.
    </p>
  );
}
