import { MAX_SEARCH_LENGTH } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { VirtualTable } from "../../components/virtual-table.tsx";
import { browserAttention, browserClock } from "../../connection/environment.ts";
import { count, join } from "../../format/quantity.ts";
import { MOST_SCROLLED } from "../../lists/row-book.ts";
import type { Route } from "../../state/index.ts";
import { setParams } from "../address.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";
import { type ConnectionFeed, type ConnectionOrder, createConnectionFeed } from "./connection-rows.ts";
import type { ConnectionsApi } from "./hub-api.ts";
import {
  DEFAULT_ORDER,
  NARROW_COLUMNS,
  ORDER_CHOICES,
  orderAfter,
  readOrder,
  rowOf,
  wideColumns,
} from "./list-columns.tsx";
import { ListFoot } from "./list-foot.tsx";
import { SearchHelp } from "./search-help.tsx";

/** A search is sent once the typing rests this long, ms. */
const TYPING_MS = 250;
const ROW_PX = { cosy: 30, compact: 26, narrow: 54 } as const;

interface ListProps {
  readonly api: ConnectionsApi;
  /** Why the rows are to keep their order beside what happens in the table. */
  readonly held: boolean;
  readonly onOpen: (key: string) => void;
}

/** Every open connection: searched, ordered and paged by the hub, one window at a time. */
export function ConnectionList({ api, held, onOpen }: ListProps): VNode {
  const app = useApp();
  const { live, route, preferences } = app;
  const narrow = useNarrow();
  const feed = useFeed(api);
  const search = route.params.value.q ?? "";
  const order = readOrder(route.params.value);
  const node = live.node.value;
  const { sort, descending } = order;
  useEffect(() => feed.setQuery({ search, sort, descending, node }), [feed, search, sort, descending, node]);
  useEffect(() => feed.hold("drawer", held), [feed, held]);
  feed.changed.value;
  const { answer, pending, error, held: orderHeld } = feed.state;
  useAnnounced(search, pending ? null : (answer?.matched ?? null));

  const nodes = nodesInView(live);
  const withNode = node === null && nodes.length > 1;
  const services = new Set(nodes.map(({ service }) => service));
  const view = {
    now: answer === null ? live.now.value : answer.at,
    machineNow: Date.now(),
    narrow,
    withNode,
    nameNode: (name: string) => (services.size > 1 ? name : name.slice(name.indexOf("/") + 1)),
  };
  const setOrder = (next: ConnectionOrder) =>
    changeParams(route, { sort: next.sort, order: next.descending ? "desc" : "asc" });
  const rows = feed.count;
  const problem = error?.code === "BAD_REQUEST" ? error.message : null;
  return (
    <>
      <Toolbar search={search} order={order} narrow={narrow} onOrder={setOrder} problem={problem} />
      {rows === null || rows === 0 ? (
        <div class="vt-none">
          <Nothing
            search={search}
            waiting={answer === null}
            refused={problem !== null}
            failed={error?.message ?? null}
            onClear={() => changeParams(route, { q: "" })}
          />
        </div>
      ) : (
        <div
          class="vt-frame"
          data-narrow={narrow ? "" : undefined}
          data-nodes={withNode ? "" : undefined}
          data-pending={pending ? "" : undefined}
        >
          <VirtualTable
            label="Connections"
            columns={narrow ? NARROW_COLUMNS : wideColumns(order, withNode)}
            count={Math.min(rows, MOST_SCROLLED)}
            listKey={JSON.stringify([search, sort, descending, node])}
            rowHeight={narrow ? ROW_PX.narrow : ROW_PX[preferences.density.value]}
            rowAt={(place) => {
              const slot = feed.at(place);
              return slot === undefined ? null : rowOf(slot, view);
            }}
            onRange={(first, last) => feed.setRange(first, last)}
            onHold={(reason, holds) => feed.hold(reason, holds)}
            onOpen={(place) => {
              const key = feed.at(place)?.key;
              if (key !== undefined) onOpen(key);
            }}
            onOrder={(column) => setOrder(orderAfter(column, order))}
          />
        </div>
      )}
      <ListFoot
        answer={answer}
        error={error}
        held={orderHeld}
        searched={search !== ""}
        onRetry={() => feed.refresh()}
      />
    </>
  );
}

function useFeed(api: ConnectionsApi): ConnectionFeed {
  const { live } = useApp();
  const feed = useMemo(
    () =>
      createConnectionFeed({
        api,
        clock: browserClock(),
        attention: browserAttention(),
        paused: () => live.paused.peek(),
      }),
    [api, live],
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
    app.say(search === "" ? `All ${matched} connections` : `${matched} connections match`);
  }, [app, search, matched]);
}

/** Changes parameters of the address, which does not name the order that is meant anyway. */
function changeParams(route: Route, change: Readonly<Record<string, string>>): void {
  const { sort, order } = { ...route.params.peek(), ...change };
  const meant = sort === DEFAULT_ORDER.sort && order === "desc";
  setParams(route, meant ? { ...change, sort: "", order: "" } : change);
}

interface ToolbarProps {
  readonly search: string;
  readonly order: ConnectionOrder;
  readonly narrow: boolean;
  readonly onOrder: (order: ConnectionOrder) => void;
  /** What the hub did not understand of the search. */
  readonly problem: string | null;
}

function Toolbar({ search, order, narrow, onOrder, problem }: ToolbarProps): VNode {
  const { route } = useApp();
  const id = useId();
  const [text, setText] = useState(search);
  const [help, setHelp] = useState(false);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(typing.current), []);
  return (
    <div class="list-tools">
      <div class="search-field">
        <Icon name="search" />
        <input
          class="field"
          type="search"
          aria-label="Search connections"
          placeholder={narrow ? "Search" : "Search, or user:ada ns:/chat rtt:>100"}
          maxLength={MAX_SEARCH_LENGTH}
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : `${id}-problem`}
          onInput={(event) => {
            const next = event.currentTarget.value;
            setText(next);
            clearTimeout(typing.current);
            typing.current = setTimeout(() => changeParams(route, { q: next.trim() }), TYPING_MS);
          }}
        />
        <button
          type="button"
          class="button"
          data-kind="bare"
          aria-label="How to search"
          aria-expanded={help}
          aria-controls={`${id}-help`}
          onClick={() => setHelp(!help)}
        >
          <Icon name="help" />
        </button>
      </div>
      {narrow ? <OrderSelect order={order} onOrder={onOrder} /> : null}
      {problem === null ? null : (
        <p class="mistake" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      <div id={`${id}-help`} hidden={!help}>
        {help ? <SearchHelp /> : null}
      </div>
    </div>
  );
}

function OrderSelect({ order, onOrder }: Pick<ToolbarProps, "order" | "onOrder">): VNode {
  const value = `${order.sort}-${order.descending ? "desc" : "asc"}`;
  return (
    <select
      class="field-select"
      aria-label="Order"
      value={value}
      onChange={(event) => {
        const choice = ORDER_CHOICES.find((known) => known.value === event.currentTarget.value);
        if (choice !== undefined) onOrder(choice.order);
      }}
    >
      {ORDER_CHOICES.some((known) => known.value === value) ? null : <option value={value}>By {order.sort}</option>}
      {ORDER_CHOICES.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

interface NothingProps {
  readonly search: string;
  readonly waiting: boolean;
  /** True when the hub did not understand the search. */
  readonly refused: boolean;
  /** Why nothing is known. */
  readonly failed: string | null;
  readonly onClear: () => void;
}

function Nothing({ search, waiting, refused, failed, onClear }: NothingProps): VNode {
  const { live } = useApp();
  if (waiting && failed === null)
    return (
      <EmptyState icon="waiting" title="Asking for connections" why="The processes are asked for their newest ones." />
    );
  if (waiting && !refused)
    return <EmptyState icon="unplug" title="No list of connections" why={`${failed}. It is asked again by itself.`} />;
  if (search !== "")
    return (
      <>
        <EmptyState
          icon="search"
          title={refused ? "The search was not understood" : "No connection matches"}
          why={`${join(count(nodesInView(live).reduce((sum, row) => sum + (row.connections ?? 0), 0)))} are open.`}
        />
        <p class="vt-action">
          <button type="button" class="button" onClick={onClear}>
            Clear the search
          </button>
        </p>
      </>
    );
  return <EmptyState {...explainEmpty(live, "connections")} />;
}
