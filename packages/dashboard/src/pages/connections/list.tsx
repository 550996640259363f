import { MAX_SEARCH_LENGTH } from "@wsight/protocol";
import type { VNode } from "preact";
import { useCallback, useEffect, useId, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { count, join } from "../../format/quantity.ts";
import { ListFoot } from "../../lists/list-foot.tsx";
import { OrderSelect } from "../../lists/order-select.tsx";
import { RowTable } from "../../lists/row-table.tsx";
import { SearchField } from "../../lists/search-field.tsx";
import { useAnnounced, useRowFeed } from "../../lists/use-list.ts";
import type { Route } from "../../state/index.ts";
import { setParams } from "../address.ts";
import { explainEmpty, nodesInView } from "../reporting.ts";
import { type ConnectionOrder, createConnectionFeed } from "./connection-rows.ts";
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
import { SearchHelp } from "./search-help.tsx";
import { SilentNodes } from "./silent-nodes.tsx";

interface ListProps {
  readonly api: ConnectionsApi;
  /** Why the rows are to keep their order beside what happens in the table. */
  readonly held: boolean;
  readonly onOpen: (key: string) => void;
}

/** Every open connection: searched, ordered and paged by the hub, one window at a time. */
export function ConnectionList({ api, held, onOpen }: ListProps): VNode {
  const { live, route } = useApp();
  const narrow = useNarrow();
  const feed = useRowFeed(useCallback((page) => createConnectionFeed({ api, ...page }), [api]));
  const search = route.params.value.q ?? "";
  const order = readOrder(route.params.value);
  const node = live.node.value;
  const { sort, descending } = order;
  useEffect(() => feed.setQuery({ search, sort, descending, node }), [feed, search, sort, descending, node]);
  useEffect(() => feed.hold("drawer", held), [feed, held]);
  feed.changed.value;
  const { answer, pending, error, held: orderHeld } = feed.state;
  useAnnounced(search, pending ? null : (answer?.matched ?? null), wordsOf);

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
        <RowTable
          label="Connections"
          class={withNode ? "with-nodes" : undefined}
          feed={feed}
          count={rows}
          listKey={JSON.stringify([search, sort, descending, node])}
          columns={narrow ? NARROW_COLUMNS : wideColumns(order, withNode)}
          narrow={narrow}
          rowOf={(slot) => rowOf(slot, view)}
          onOpen={onOpen}
          onOrder={(column) => setOrder(orderAfter(column, order))}
        />
      )}
      {answer === null ? null : (
        <ListFoot
          noun={["connection", "connections"]}
          answer={answer}
          all={answer.open}
          part={search !== ""}
          held={orderHeld}
          error={problem === null ? error : null}
          onRetry={() => feed.refresh()}
        >
          <SilentNodes nodes={answer.nodes} />
        </ListFoot>
      )}
    </>
  );
}

function wordsOf(matched: number, search: string): string {
  return search === "" ? `All ${matched} connections` : `${matched} connections match`;
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
  const [help, setHelp] = useState(false);
  return (
    <div class="list-tools">
      <SearchField
        label="Search connections"
        placeholder={narrow ? "Search" : "Search, or user:ada ns:/chat rtt:>100"}
        longest={MAX_SEARCH_LENGTH}
        search={search}
        invalid={problem !== null}
        describedBy={problem === null ? undefined : `${id}-problem`}
        onSearch={(q) => changeParams(route, { q })}
      >
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
      </SearchField>
      {narrow ? <OrderSelect order={order} choices={ORDER_CHOICES} onOrder={onOrder} /> : null}
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
