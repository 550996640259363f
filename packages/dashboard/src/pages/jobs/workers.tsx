import type { WorkerRow, WorkersTable } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, share, span } from "../../format/quantity.ts";
import { instanceOf } from "../components.ts";
import { WorkerStateMark } from "./job-state.tsx";
import { balanceOf, workersInView } from "./queue-figures.ts";

type Column = "worker" | "state" | "active" | "use" | "done" | "failed" | "stalls" | "mean" | "seen";

/** The worse, the more. */
const STATE_RANK: Readonly<Record<WorkerRow["state"], number>> = {
  dead: 5,
  stalled: 4,
  silent: 3,
  busy: 2,
  paused: 1,
  idle: 0,
};

const FIGURES: Figures<WorkerRow, Column> = {
  worker: ({ worker }) => worker,
  state: ({ state }) => STATE_RANK[state],
  active: ({ active }) => active,
  use: ({ utilization }) => utilization,
  done: ({ completed }) => completed,
  failed: ({ failed }) => failed,
  stalls: ({ stalls }) => stalls,
  mean: ({ meanRunMs }) => meanRunMs,
  seen: ({ seenAt }) => seenAt,
};

interface WorkersProps {
  readonly table: WorkersTable | null;
  readonly queue: string | null;
}

/** Who does the jobs, how busy each is against the mean, and who is in trouble. */
export function Workers({ table, queue }: WorkersProps): VNode {
  const view = workersInView(table, queue);
  const sorter = useSorter<Column>("state");
  const held = useSortedRows(view?.rows ?? [], FIGURES, sorter, keyOf, queue ?? "");
  if (view === null || view.rows.length === 0) return <NoWorkers known={view !== null} queue={queue} />;
  const balance = balanceOf(view.rows);
  return (
    <>
      <SortedTable
        label="Workers"
        class="job-workers"
        held={held}
        keyOf={keyOf}
        head={
          <>
            <SortHeader by="worker" label="Worker" class="name" {...sorter} />
            <SortHeader by="state" label="State" class="" {...sorter} />
            <SortHeader by="active" label="Active" {...sorter} />
            <SortHeader by="use" label="In use" title="Share of its places in use over the last minute" {...sorter} />
            <th scope="col" class="counts-bar medium-only">
              <span class="sr-only">Share of its places in use; the mark is the mean</span>
            </th>
            <SortHeader by="done" label="Done" class="num medium-only" {...sorter} />
            <SortHeader by="failed" label="Failed" class="num medium-only" {...sorter} />
            <SortHeader by="stalls" label="Lost" title="Jobs that it lost" class="num wide-only" {...sorter} />
            <SortHeader by="mean" label="Mean run" class="num medium-only" {...sorter} />
            <SortHeader by="seen" label="Heard of" class="num wide-only" {...sorter} />
          </>
        }
        row={({ row }) => <Row row={row} mean={balance?.meanUse ?? null} withQueue={queue === null} />}
      />
      <div class="list-foot">
        <p>
          <b>{join(count(view.total))}</b> {view.total === 1 ? "worker" : "workers"}
          {view.rows.length < view.total ? ` · the ${view.rows.length} that most is to be said of are shown` : ""}
          {balance === null ? null : (
            <>
              {" "}
              · <b>{join(share(balance.meanUse))}</b> of their places in use, the mark in the bars ·{" "}
              {balance.busiest.worker} has {balance.factor.toFixed(2)}× the mean
            </>
          )}
        </p>
      </div>
    </>
  );
}

function keyOf({ queue, worker, node }: WorkerRow): string {
  return `${queue} ${worker} ${node}`;
}

interface RowProps {
  readonly row: WorkerRow;
  readonly mean: number | null;
  readonly withQueue: boolean;
}

function Row({ row, mean, withQueue }: RowProps): VNode {
  const { live } = useApp();
  const dead = row.state === "dead" || row.state === "silent";
  const where = [withQueue ? row.queue : null, row.node === null ? null : instanceOf(row.node)];
  return (
    <tr class={dead ? "hatched" : undefined}>
      <th scope="row" class="name">
        <span>
          <span class="truncate mono">{row.worker}</span>
          <small class="fine truncate">{where.filter((part) => part !== null).join(" · ")}</small>
        </span>
      </th>
      <td>
        <WorkerStateMark state={row.state} />
        {TROUBLE[row.state] === undefined ? null : <small class="job-trouble">{TROUBLE[row.state]}</small>}
      </td>
      <td class="num">
        {row.active}
        {row.concurrency === null ? "" : ` of ${row.concurrency}`}
      </td>
      <td class="num">{dead ? "–" : join(share(row.utilization))}</td>
      <td class="counts-bar medium-only">
        <Bar
          share={dead ? null : row.utilization}
          {...(mean === null ? {} : { mark: mean })}
          {...(row.state === "stalled" ? { tone: "warn" as const } : {})}
        />
      </td>
      <td class="num medium-only">{count(row.completed).text}</td>
      <td class="num medium-only">{count(row.failed).text}</td>
      <td class="num wide-only">{count(row.stalls).text}</td>
      <td class="num medium-only">{join(duration(row.meanRunMs === null ? null : row.meanRunMs / 1000))}</td>
      <td class="num wide-only">{span(Math.max(0, live.now.value - row.seenAt))} ago</td>
    </tr>
  );
}

const TROUBLE: Readonly<Partial<Record<WorkerRow["state"], string>>> = {
  stalled: "has a job for far too long, without progress",
  silent: "says nothing any more, and has no job",
  dead: "silent, with jobs that nobody works on",
};

function NoWorkers({ known, queue }: { readonly known: boolean; readonly queue: string | null }): VNode {
  return (
    <div class="vt-none">
      <EmptyState
        icon={known ? "server" : "waiting"}
        title={known ? "No worker is known" : "Waiting for data"}
        why={
          known
            ? `Nobody said that it takes jobs${queue === null ? "" : ` of ${queue}`}. Workers show up once they begin a job, or say that they are there.`
            : "The hub has not told yet who works."
        }
      />
    </div>
  );
}
