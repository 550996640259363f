import { JOB_SORTS, type JobSort, type JobState } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { Bar } from "../../components/bar.tsx";
import type { Column, TableRow } from "../../components/virtual-table.tsx";
import type { OrderChoice } from "../../lists/order-select.tsx";
import type { Slot } from "../../lists/row-book.ts";
import { shortSpan, Unknown } from "../connections/list-columns.tsx";
import { etaShort, etaText, learningText } from "./eta.ts";
import type { ShownJob } from "./job-memory.ts";
import type { JobOrder } from "./job-rows.ts";
import { JobStateMark } from "./job-state.tsx";

/** Which jobs a list is of. */
interface StateChoice {
  readonly value: string;
  readonly label: string;
  readonly states: readonly JobState[];
  /** How it is ordered when nobody said. */
  readonly order: JobOrder;
}

/** Those that run, then the line by its places, then the delayed. */
const BY_TURN: JobOrder = { sort: "turn", descending: false };
const NEWEST_FIRST: JobOrder = { sort: "queuedAt", descending: true };
const LATEST_FIRST: JobOrder = { sort: "changedAt", descending: true };

/** The first is what is shown when nobody chose. */
export const STATE_CHOICES: readonly [StateChoice, ...StateChoice[]] = [
  { value: "live", label: "Live", states: ["active", "waiting", "delayed"], order: BY_TURN },
  { value: "active", label: "Active", states: ["active"], order: BY_TURN },
  { value: "waiting", label: "Waiting", states: ["waiting"], order: BY_TURN },
  { value: "delayed", label: "Delayed", states: ["delayed"], order: BY_TURN },
  { value: "completed", label: "Done", states: ["completed"], order: LATEST_FIRST },
  { value: "failed", label: "Failed", states: ["failed"], order: LATEST_FIRST },
  { value: "all", label: "All", states: [], order: LATEST_FIRST },
];

/** Of a time that is past only what ended is known, the newest end first. */
export const PAST_CHOICES: readonly [StateChoice, ...StateChoice[]] = [
  { value: "ended", label: "Ended", states: [], order: LATEST_FIRST },
  { value: "completed", label: "Done", states: ["completed"], order: LATEST_FIRST },
  { value: "failed", label: "Failed", states: ["failed"], order: LATEST_FIRST },
];

/** Reads which jobs are looked at from the address; what makes no sense is the first choice. */
export function readStates(
  params: Readonly<Record<string, string>>,
  choices: readonly [StateChoice, ...StateChoice[]] = STATE_CHOICES,
): StateChoice {
  return choices.find(({ value }) => value === params.state) ?? choices[0];
}

/** Columns by what orders them. */
const SORT_OF: Readonly<Record<string, JobSort>> = {
  progress: "percent",
  eta: "remaining",
  waited: "waitMs",
  ran: "runMs",
};
/** Orders that begin with the lowest. */
const LOW_FIRST: ReadonlySet<JobSort> = new Set(["remaining"]);

/** Orders to choose from where columns have no heads to press. */
export const ORDER_CHOICES: readonly OrderChoice<JobSort>[] = [
  { value: "turn-asc", label: "By turn", order: BY_TURN },
  { value: "startedAt-desc", label: "Latest start", order: { sort: "startedAt", descending: true } },
  { value: "remaining-asc", label: "Done soonest", order: { sort: "remaining", descending: false } },
  { value: "queuedAt-desc", label: "Newest first", order: NEWEST_FIRST },
  { value: "queuedAt-asc", label: "Oldest first", order: { sort: "queuedAt", descending: false } },
  { value: "changedAt-desc", label: "Latest change", order: LATEST_FIRST },
  { value: "waitMs-desc", label: "Longest wait", order: { sort: "waitMs", descending: true } },
  { value: "runMs-desc", label: "Longest run", order: { sort: "runMs", descending: true } },
];

/** Reads an order from the address; what makes no sense is that of the choice. */
export function readOrder(params: Readonly<Record<string, string>>, { order }: Pick<StateChoice, "order">): JobOrder {
  const sort = JOB_SORTS.find((known) => known === params.sort);
  return sort === undefined ? order : { sort, descending: params.order !== "asc" };
}

/** The order after the head of a column was pressed. */
export function orderAfter(column: string, order: JobOrder): JobOrder {
  const wanted = SORT_OF[column];
  if (wanted === undefined) return order;
  if (wanted === order.sort) return { sort: wanted, descending: !order.descending };
  return { sort: wanted, descending: !LOW_FIRST.has(wanted) };
}

/** What a list leaves out, because it is the same in every row or nobody's business. */
export interface Shown {
  readonly queues: boolean;
  readonly users: boolean;
}

/** The columns of a wide window. @param order `null` where there is none to choose */
export function wideColumns(order: JobOrder | null, { queues, users }: Shown): readonly Column[] {
  const columns: readonly Column[] = [
    { id: "job", header: "Job" },
    { id: "name", header: "Kind", width: "9%" },
    ...(users ? [{ id: "user", header: "User", width: "9%" }] : []),
    ...(queues ? [{ id: "queue", header: "Queue", width: "9%" }] : []),
    { id: "state", header: "State", width: "84px" },
    { id: "progress", header: "Progress", width: "164px" },
    { id: "eta", header: order === null ? "Ended" : "Done in", width: "208px" },
    { id: "waited", header: "Waited", width: "74px", numeric: true },
    { id: "ran", header: "Ran", width: "70px", numeric: true },
    { id: "tries", header: "Tries", width: "52px", numeric: true },
  ];
  return columns.map((column) => {
    const sort = SORT_OF[column.id];
    return sort === undefined || order === null ? column : { ...column, order: orderOf(sort, order) };
  });
}

/** The columns of a phone: two lines each. */
export const NARROW_COLUMNS: readonly Column[] = [
  { id: "job", header: "Job" },
  { id: "eta", header: "Progress, done in", width: "148px", numeric: true },
];

function orderOf(sort: JobSort, order: JobOrder): "ascending" | "descending" | null {
  return sort !== order.sort ? null : order.descending ? "descending" : "ascending";
}

/** What a row shows. */
export interface RowView extends Shown {
  /** ms epoch of the hub. */
  readonly now: number;
  /** This machine's ms, for tints. */
  readonly machineNow: number;
  readonly narrow: boolean;
}

/** How long a moved end is marked in its row, ms. */
const SHIFT_MS = 8000;

/** One job as a row. */
export function rowOf(slot: Slot<ShownJob>, view: RowView): TableRow {
  const row = view.narrow ? narrowRow(slot.row, view) : wideRow(slot.row, view);
  if (slot.closed) return { ...row, state: "gone" };
  return view.machineNow < slot.tintedUntil ? { ...row, state: "new" } : row;
}

/** What people call a job. */
export function titleOf({ label, id }: Pick<ShownJob, "label" | "id">): string {
  return label ?? id;
}

function wideRow(job: ShownJob, view: RowView): TableRow {
  return {
    head: (
      <span title={job.label === null ? undefined : `${job.label} · ${job.id}`}>
        {job.label === null ? <span class="mono">{job.id}</span> : job.label}
      </span>
    ),
    cells: [
      job.name === "" ? <Unknown /> : <span title={job.name}>{job.name}</span>,
      ...(view.users ? [job.userId ?? <Unknown />] : []),
      ...(view.queues ? [<span class="mono">{job.queue}</span>] : []),
      <JobStateMark state={job.state} />,
      <Progress job={job} />,
      <Ending job={job} now={view.now} />,
      spanOf(waitedMs(job, view.now)),
      spanOf(ranMs(job, view.now)),
      <Tries job={job} />,
    ],
  };
}

function narrowRow(job: ShownJob, view: RowView): TableRow {
  const where = [
    view.queues ? job.queue : null,
    job.name === "" ? null : job.name,
    job.state === "active" ? job.stage : null,
    view.users ? job.userId : null,
    job.attempt > 1 ? `try ${job.attempt}` : null,
  ];
  const parts = where.filter((part) => part !== null);
  return {
    head: (
      <>
        <span class="vt-line">
          <JobStateMark state={job.state} bare />
          <b class="truncate">{titleOf(job)}</b>
        </span>
        <small class="vt-line truncate">{parts.length === 0 ? job.id : parts.join(" · ")}</small>
      </>
    ),
    cells: [
      <>
        <span class="vt-line">
          <Progress job={job} bare />
        </span>
        <small class="vt-line truncate">
          <Ending job={job} now={view.now} />
        </small>
      </>,
    ],
  };
}

/** How far the try is that is under way, and at which stage. @param bare leaves the stage out */
export function Progress({ job, bare = false }: { readonly job: ShownJob; readonly bare?: boolean }): VNode {
  if (job.state === "waiting" || job.state === "delayed")
    return <span class="unknown">{job.position === null ? "–" : `number ${job.position} in line`}</span>;
  if (job.state === "completed" && job.percent === null) return <span class="unknown">–</span>;
  const percent = job.state === "completed" ? 100 : job.percent;
  return (
    <span class="job-progress" data-state={job.state}>
      <Bar share={percent === null ? null : percent / 100} {...toneOf(job)} />
      <span>{percent === null ? "–" : `${Math.floor(percent)} %`}</span>
      {bare || job.stage === null || job.state !== "active" ? null : <small class="truncate">{job.stage}</small>}
    </span>
  );
}

function toneOf({ state }: ShownJob): { readonly tone?: "crit" | "ok" } {
  return state === "failed" ? { tone: "crit" } : state === "completed" ? { tone: "ok" } : {};
}

/** When it is done, or how it ended. */
function Ending({ job, now }: { readonly job: ShownJob; readonly now: number }): ComponentChildren {
  if (job.state === "failed") return <span title={job.error ?? undefined}>{job.error ?? "failed"}</span>;
  if (job.state === "completed") return job.endedAt === null ? "done" : `${shortSpan(now - job.endedAt)} ago`;
  if (job.state === "removed") return "removed";
  if (job.estimate === null) return <span class="unknown">{job.state === "active" ? "–" : "nobody takes it"}</span>;
  const learning = learningText(job.estimate);
  const [shift] = job.shifts;
  const fresh = shift !== undefined && now - shift.at < SHIFT_MS;
  const said = [etaText(job.estimate.remaining), learning, fresh ? shift.text : null];
  return (
    <span class="job-eta" title={said.filter((text) => text !== null).join(" · ")}>
      {etaShort(job.estimate.remaining)}
      {fresh ? (
        <b data-way={shift.byMs < 0 ? "sooner" : "later"}>
          <span aria-hidden="true">{shift.byMs < 0 ? " ▾" : " ▴"}</span>
          <span class="sr-only"> {shift.text}</span>
        </b>
      ) : null}
      {learning === null ? null : <small> learning</small>}
    </span>
  );
}

function Tries({ job }: { readonly job: ShownJob }): ComponentChildren {
  const text = job.maxAttempts > 1 ? `${job.attempt}/${job.maxAttempts}` : String(job.attempt);
  return job.stalls === 0 ? text : <span title={`${job.stalls} times its worker lost it`}>{text} !</span>;
}

function waitedMs({ waitMs, state, readyAt, queuedAt }: ShownJob, now: number): number | null {
  const since = readyAt ?? queuedAt;
  if (waitMs !== null || state !== "waiting" || since === null) return waitMs;
  return Math.max(0, now - since);
}

function ranMs({ runMs, state, startedAt }: ShownJob, now: number): number | null {
  return state === "active" && startedAt !== null ? Math.max(0, now - startedAt) : runMs;
}

function spanOf(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 1000 ? `${Math.round(ms)}ms` : shortSpan(ms);
}
