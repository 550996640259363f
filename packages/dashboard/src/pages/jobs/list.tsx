import type { VNode } from "preact";
import { useCallback, useEffect } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Choice } from "../../components/choice.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { Segmented } from "../../components/segmented.tsx";
import { count, join } from "../../format/quantity.ts";
import { ListFoot } from "../../lists/list-foot.tsx";
import { OrderSelect } from "../../lists/order-select.tsx";
import { RowTable } from "../../lists/row-table.tsx";
import { SearchField } from "../../lists/search-field.tsx";
import { useAnnounced, useRowFeed } from "../../lists/use-list.ts";
import { setParams } from "../address.ts";
import type { JobMemory } from "./job-memory.ts";
import { createJobFeed, type JobFeed, type JobOrder } from "./job-rows.ts";
import type { JobsApi } from "./jobs-api.ts";
import {
  NARROW_COLUMNS,
  ORDER_CHOICES,
  orderAfter,
  PAST_CHOICES,
  readOrder,
  readStates,
  rowOf,
  STATE_CHOICES,
  wideColumns,
} from "./list-columns.tsx";

const LONGEST_SEARCH = 128;

interface ListProps {
  readonly api: JobsApi;
  readonly memory: JobMemory;
  /** One queue, or `null` for all. */
  readonly queue: string | null;
  /** False where all jobs are those of whoever looks. @default true */
  readonly users?: boolean;
  /** Somebody looks at one of them. */
  readonly held: boolean;
  readonly onOpen: (key: string) => void;
}

/** Jobs: searched, ordered and paged by the hub, one window at a time. */
export function JobList({ api, memory, queue, users = true, held, onOpen }: ListProps): VNode {
  const { live, route } = useApp();
  const narrow = useNarrow();
  const feed = useRowFeed(useCallback((page) => createJobFeed({ api, memory, ...page }), [api, memory]));
  const params = route.params.value;
  const search = params.q ?? "";
  const past = live.past.value;
  const choices = past === null ? STATE_CHOICES : PAST_CHOICES;
  const choice = readStates(params, choices);
  // What is kept of the past has one order.
  const order = past === null ? readOrder(params, choice) : choice.order;
  const { sort, descending } = order;
  const { states } = choice;
  const { fromAt: from, toAt: to } = past ?? {};
  useEffect(() => {
    const ended = from === undefined || to === undefined ? null : { from, to };
    feed.setQuery({ queue, states, search, ended, sort, descending });
  }, [feed, queue, states, search, from, to, sort, descending]);
  useEffect(() => feed.hold("drawer", held), [feed, held]);
  feed.changed.value;
  const { answer, pending, error, held: orderHeld } = feed.state;
  useAnnounced(search, pending ? null : (answer?.matched ?? null), wordsOf);
  const shown = { users, queues: queue === null };
  const view = { ...shown, now: answer?.at ?? live.now.value, machineNow: Date.now(), narrow };
  const setOrder = (next: JobOrder) => setParams(route, { sort: next.sort, order: next.descending ? "desc" : "asc" });
  const rows = feed.count;
  const filtered = users && past === null && (search !== "" || states.length > 0 || queue !== null);
  return (
    <>
      <Toolbar
        choices={choices}
        search={search}
        state={choice.value}
        order={order}
        narrow={narrow}
        onOrder={setOrder}
      />
      {rows === null || rows === 0 ? (
        <div class="vt-none">
          <Nothing
            feed={feed}
            search={search}
            label={choice.label}
            all={choice.value === "all"}
            users={users}
            past={past !== null}
          />
        </div>
      ) : (
        <RowTable
          label="Jobs"
          class="jobs-list"
          feed={feed}
          count={rows}
          listKey={JSON.stringify([queue, states, search, from, sort, descending])}
          columns={narrow ? NARROW_COLUMNS : wideColumns(past === null ? order : null, shown)}
          narrow={narrow}
          rowOf={(slot) => rowOf(slot, view)}
          onOpen={onOpen}
          onOrder={(column) => setOrder(orderAfter(column, order))}
        />
      )}
      {answer === null ? null : (
        <ListFoot
          noun={["job", "jobs"]}
          answer={answer}
          all={filtered ? answer.known : answer.matched}
          part={filtered}
          held={orderHeld}
          error={error}
          onRetry={() => feed.refresh()}
        />
      )}
    </>
  );
}

function wordsOf(matched: number): string {
  return `${matched} jobs match`;
}

interface ToolbarProps {
  readonly choices: typeof STATE_CHOICES;
  readonly search: string;
  readonly state: string;
  readonly order: JobOrder;
  readonly narrow: boolean;
  readonly onOrder: (order: JobOrder) => void;
}

function Toolbar({ choices, search, state, order, narrow, onOrder }: ToolbarProps): VNode {
  const { route } = useApp();
  // Another choice has an order of its own.
  const choose = (value: string) =>
    setParams(route, { state: value === choices[0].value ? "" : value, sort: "", order: "" });
  return (
    <div class="list-tools jobs-tools">
      <SearchField
        label="Search jobs"
        placeholder={narrow ? "Search" : "Search ids, names, users, workers"}
        longest={LONGEST_SEARCH}
        search={search}
        onSearch={(q) => setParams(route, { q })}
      />
      {narrow ? (
        <>
          <Choice aria-label="State" value={state} options={choices} onChange={choose} />
          {choices === STATE_CHOICES ? <OrderSelect order={order} choices={ORDER_CHOICES} onOrder={onOrder} /> : null}
        </>
      ) : (
        <Segmented label="State" options={choices} value={state} onChange={choose} />
      )}
    </div>
  );
}

interface NothingProps {
  readonly feed: JobFeed;
  readonly search: string;
  readonly label: string;
  readonly all: boolean;
  /** Jobs of all users: how many there are is known. */
  readonly users: boolean;
  readonly past: boolean;
}

function Nothing({ feed, search, label, all, users, past }: NothingProps): VNode {
  const { route } = useApp();
  const { answer, error } = feed.state;
  if (answer === null && error === null)
    return <EmptyState icon="waiting" title="Asking for jobs" why="The hub is asked for those that match." />;
  if (answer === null)
    return <EmptyState icon="unplug" title="No list of jobs" why={`${error?.message}. It is asked again by itself.`} />;
  if (past)
    return (
      <EmptyState icon="history" title="No job" why="No such job ended in this time. Jobs are kept for 30 days." />
    );
  const known = users
    ? `${join(count(answer.known))} ${answer.known === 1 ? "job is" : "jobs are"} known.`
    : "Those that ended are among all jobs.";
  if (search === "" && all)
    return <EmptyState icon="waiting" title="No job yet" why="Jobs show up here as they are queued." />;
  return (
    <>
      <EmptyState
        icon={search === "" ? "ok" : "search"}
        title={search === "" ? `No job is ${label.toLowerCase()}` : "No job matches"}
        why={known}
      />
      <p class="vt-action">
        <button
          type="button"
          class="button"
          onClick={() => setParams(route, { q: "", state: "all", sort: "", order: "" })}
        >
          Show all jobs
        </button>
      </p>
    </>
  );
}
