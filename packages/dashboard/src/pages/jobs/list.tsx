import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { Segmented } from "../../components/segmented.tsx";
import { VirtualTable } from "../../components/virtual-table.tsx";
import { browserAttention, browserClock } from "../../connection/environment.ts";
import { count, join, span } from "../../format/quantity.ts";
import { MOST_SCROLLED } from "../../lists/row-book.ts";
import { HELD_WORDS } from "../../lists/row-feed.ts";
import { setParams } from "../address.ts";
import { type JobMemory, keyOf } from "./job-memory.ts";
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
/** A search is sent once the typing rests this long, ms. */
const TYPING_MS = 250;
const ROW_PX = { cosy: 30, compact: 26, narrow: 54 } as const;

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
  const { live, route, preferences } = useApp();
  const narrow = useNarrow();
  const feed = useFeed(api, memory);
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
  const { answer, pending } = feed.state;
  useAnnounced(search, pending ? null : (answer?.matched ?? null));
  const shown = { users, queues: queue === null };
  const view = { ...shown, now: answer?.at ?? live.now.value, machineNow: Date.now(), narrow };
  const setOrder = (next: JobOrder) => setParams(route, { sort: next.sort, order: next.descending ? "desc" : "asc" });
  const rows = feed.count;
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
        <div class="vt-frame jobs-list" data-narrow={narrow ? "" : undefined} data-pending={pending ? "" : undefined}>
          <VirtualTable
            label="Jobs"
            columns={narrow ? NARROW_COLUMNS : wideColumns(past === null ? order : null, shown)}
            count={Math.min(rows, MOST_SCROLLED)}
            listKey={JSON.stringify([queue, states, search, from, sort, descending])}
            rowHeight={narrow ? ROW_PX.narrow : ROW_PX[preferences.density.value]}
            rowAt={(place) => {
              const slot = feed.at(place);
              return slot === undefined ? null : rowOf(slot, view);
            }}
            onRange={(first, last) => feed.setRange(first, last)}
            onHold={(reason, holds) => feed.hold(reason, holds)}
            onOpen={(place) => {
              const row = feed.at(place)?.row;
              if (row !== undefined) onOpen(keyOf(row));
            }}
            onOrder={(column) => setOrder(orderAfter(column, order))}
          />
        </div>
      )}
      <Foot feed={feed} filtered={users && past === null && (search !== "" || states.length > 0 || queue !== null)} />
    </>
  );
}

function useFeed(api: JobsApi, memory: JobMemory): JobFeed {
  const { live } = useApp();
  const feed = useMemo(
    () =>
      createJobFeed({
        api,
        memory,
        clock: browserClock(),
        attention: browserAttention(),
        paused: () => live.paused.peek(),
      }),
    [api, memory, live],
  );
  useEffect(() => () => feed.close(), [feed]);
  return feed;
}

/** Says how many were found, once for each search. */
function useAnnounced(search: string, matched: number | null): void {
  const app = useApp();
  const said = useRef("");
  useEffect(() => {
    if (matched === null || said.current === search) return;
    said.current = search;
    app.say(`${matched} jobs match`);
  }, [app, search, matched]);
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
  const [text, setText] = useState(search);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(typing.current), []);
  // Another choice has an order of its own.
  const choose = (value: string) =>
    setParams(route, { state: value === choices[0].value ? "" : value, sort: "", order: "" });
  return (
    <div class="list-tools jobs-tools">
      <div class="search-field">
        <Icon name="search" />
        <input
          class="field"
          type="search"
          aria-label="Search jobs"
          placeholder={narrow ? "Search" : "Search ids, names, users, workers"}
          maxLength={LONGEST_SEARCH}
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => {
            const next = event.currentTarget.value;
            setText(next);
            clearTimeout(typing.current);
            typing.current = setTimeout(() => setParams(route, { q: next.trim() }), TYPING_MS);
          }}
        />
      </div>
      {narrow ? (
        <>
          <Choice label="State" value={state} options={choices} onChange={choose} />
          {choices === STATE_CHOICES ? <OrderSelect order={order} onOrder={onOrder} /> : null}
        </>
      ) : (
        <Segmented label="State" options={choices} value={state} onChange={choose} />
      )}
    </div>
  );
}

function OrderSelect({ order, onOrder }: Pick<ToolbarProps, "order" | "onOrder">): VNode {
  const value = `${order.sort}-${order.descending ? "desc" : "asc"}`;
  const known = ORDER_CHOICES.some((choice) => choice.value === value);
  return (
    <Choice
      label="Order"
      value={value}
      options={known ? ORDER_CHOICES : [{ value, label: `By ${order.sort}` }, ...ORDER_CHOICES]}
      onChange={(next) => {
        const choice = ORDER_CHOICES.find((each) => each.value === next);
        if (choice !== undefined) onOrder(choice.order);
      }}
    />
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps): VNode {
  return (
    <select
      class="field-select"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
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

/** How many there are, and whether their order stands still. */
function Foot({ feed, filtered }: { readonly feed: JobFeed; readonly filtered: boolean }): VNode | null {
  const { second } = useApp();
  const { answer, error, held } = feed.state;
  if (answer === null) return null;
  const { matched, known, at } = answer;
  return (
    <div class="list-foot">
      <p>
        <b>{filtered ? `${join(count(matched))} of ${join(count(known))}` : join(count(matched))}</b>{" "}
        {(filtered ? known : matched) === 1 ? "job" : "jobs"}
        {matched > MOST_SCROLLED ? ` · the first ${join(count(MOST_SCROLLED))} can be scrolled to` : ""}
        {held === null ? "" : ` · order held ${HELD_WORDS[held]}`}
      </p>
      {error === null ? null : (
        <p class="chip" data-tone="warn">
          <Icon name="unplug" />
          {error.message}; as of {span(Math.max(0, second.value - at))} ago
          <button type="button" class="button" data-kind="bare" onClick={() => feed.refresh()}>
            Ask again
          </button>
        </p>
      )}
    </div>
  );
}
