import { CONNECTION_SORTS, type ConnectionSort, type ConnectionStatus } from "@wsight/protocol";
import type { VNode } from "preact";
import type { Tone } from "../../components/tone.ts";
import type { Column, TableRow } from "../../components/virtual-table.tsx";
import { bytes, duration, join, rate } from "../../format/quantity.ts";
import type { OrderChoice } from "../../lists/order-select.tsx";
import type { Slot } from "../../lists/row-book.ts";
import type { ConnectionOrder as Order } from "./connection-rows.ts";
import type { NodeConnection } from "./hub-api.ts";

/** How the list is ordered when nobody said: the newest first. */
export const DEFAULT_ORDER: Order = { sort: "opened", descending: true };

/** Columns by what orders them; of age the other way round than of the time of opening. */
const SORT_OF: Readonly<Record<string, ConnectionSort>> = {
  id: "id",
  user: "user",
  age: "opened",
  in: "in",
  out: "out",
  buffered: "buffered",
  rtt: "rtt",
};
/** Orders that begin with the lowest. */
const NAMES: ReadonlySet<ConnectionSort> = new Set(["id", "user"]);

/** Orders to choose from where columns have no heads to press. */
export const ORDER_CHOICES: readonly OrderChoice<ConnectionSort>[] = [
  { value: "opened-desc", label: "Newest first", order: DEFAULT_ORDER },
  { value: "opened-asc", label: "Oldest first", order: { sort: "opened", descending: false } },
  { value: "out-desc", label: "Most sent", order: { sort: "out", descending: true } },
  { value: "in-desc", label: "Most received", order: { sort: "in", descending: true } },
  { value: "buffered-desc", label: "Most buffered", order: { sort: "buffered", descending: true } },
  { value: "rtt-desc", label: "Slowest round trip", order: { sort: "rtt", descending: true } },
  { value: "user-asc", label: "By user", order: { sort: "user", descending: false } },
];

/** Reads an order from the address; what makes no sense is the default. */
export function readOrder(params: Readonly<Record<string, string>>): Order {
  const sort = CONNECTION_SORTS.find((known) => known === params.sort);
  return sort === undefined ? DEFAULT_ORDER : { sort, descending: params.order !== "asc" };
}

/** The order after the head of a column was pressed. */
export function orderAfter(column: string, { sort, descending }: Order): Order {
  const wanted = SORT_OF[column] ?? DEFAULT_ORDER.sort;
  return wanted === sort ? { sort, descending: !descending } : { sort: wanted, descending: !NAMES.has(wanted) };
}

/** The columns of a wide window. */
export function wideColumns(order: Order, withNode: boolean): readonly Column[] {
  const columns: readonly Column[] = [
    { id: "id", header: "ID" },
    { id: "user", header: "User", width: "13%" },
    ...(withNode ? [{ id: "node", header: "Node", width: "11%" }] : []),
    { id: "ns", header: "Namespace", width: "12%" },
    { id: "rooms", header: "Rooms", width: "60px", numeric: true },
    { id: "transport", header: "Transport", width: "84px" },
    { id: "age", header: "Age", width: "72px", numeric: true },
    { id: "in", header: "In/s", width: "60px", numeric: true },
    { id: "out", header: "Out/s", width: "64px", numeric: true },
    { id: "buffered", header: "Buffered", width: "82px", numeric: true },
    { id: "rtt", header: "RTT", width: "72px", numeric: true },
    { id: "state", header: "State", width: "84px" },
  ];
  return columns.map((column) =>
    SORT_OF[column.id] === undefined ? column : { ...column, order: orderOf(column.id, order) },
  );
}

/** The columns of a phone: two lines each. */
export const NARROW_COLUMNS: readonly Column[] = [
  { id: "id", header: "Connection" },
  { id: "traffic", header: "In, out · age, RTT", width: "136px", numeric: true },
];

function orderOf(column: string, { sort, descending }: Order): "ascending" | "descending" | null {
  if (SORT_OF[column] !== sort) return null;
  // What was opened last is the youngest.
  return descending === (column !== "age") ? "descending" : "ascending";
}

/** What a row shows. */
export interface RowView {
  readonly now: number;
  readonly narrow: boolean;
  readonly withNode: boolean;
  /** The node that stands where several services do not: its instance alone. */
  readonly nameNode: (node: string) => string;
  /** This machine's ms, for tints. */
  readonly machineNow: number;
}

/** One connection as a row. */
export function rowOf(slot: Slot<NodeConnection>, view: RowView): TableRow {
  return {
    ...(view.narrow ? narrowRow(slot.row, view) : wideRow(slot.row, view)),
    ...stateOf(slot, view.machineNow),
  };
}

function stateOf({ closed, tintedUntil, row }: Slot<NodeConnection>, machineNow: number): { state?: string } {
  if (closed) return { state: "closed" };
  // Two names of one tint: a place that gets a new row twice in a row is tinted twice.
  return machineNow < tintedUntil ? { state: row.connection % 2 === 0 ? "new" : "new-too" } : {};
}

function wideRow(row: NodeConnection, { now, withNode, nameNode }: RowView): TableRow {
  return {
    head: <span class="mono">{row.id}</span>,
    cells: [
      row.user ?? <Unknown />,
      ...(withNode ? [<span title={row.node}>{nameNode(row.node)}</span>] : []),
      <span title={row.namespaces.join(", ")}>{some(row.namespaces) ?? <Unknown />}</span>,
      <span title={row.rooms.join(", ")}>{row.roomCount}</span>,
      row.transport,
      shortSpan(now - row.openedAt),
      rate(row.inRate).text,
      rate(row.outRate).text,
      join(bytes(row.bufferedBytes)),
      row.rttMs === null ? "–" : join(duration(row.rttMs / 1000)),
      <StateMark state={row.state} />,
    ],
  };
}

function narrowRow(row: NodeConnection, { now, withNode, nameNode }: RowView): TableRow {
  const where = [
    withNode ? nameNode(row.node) : null,
    some(row.namespaces),
    row.transport,
    row.user === null ? null : row.id,
  ];
  return {
    head: (
      <>
        <span class="vt-line">
          <StateMark state={row.state} bare />
          <b class="truncate">{row.user ?? row.id}</b>
        </span>
        <small class="vt-line truncate">{where.filter((part) => part !== null).join(" · ")}</small>
      </>
    ),
    cells: [
      <>
        <span class="vt-line">
          {rate(row.inRate).text} in · {rate(row.outRate).text} out
        </span>
        <small class="vt-line">
          {shortSpan(now - row.openedAt)} · {row.rttMs === null ? "–" : join(duration(row.rttMs / 1000))}
        </small>
      </>,
    ],
  };
}

const TONES: Readonly<Record<ConnectionStatus, Tone>> = { open: "ok", idle: "quiet", slow: "warn", closing: "crit" };

/** State of a connection: shape, colour and word. */
export function StateMark({
  state,
  bare = false,
}: {
  readonly state: ConnectionStatus;
  readonly bare?: boolean;
}): VNode {
  return (
    <span class="state-mark">
      <i class="dot" data-tone={TONES[state]} />
      <span class={bare ? "sr-only" : undefined}>{state}</span>
    </span>
  );
}

/** A dash for what is not known. */
export function Unknown(): VNode {
  return <span class="unknown">–</span>;
}

function some(names: readonly string[]): string | null {
  const [first, ...others] = names;
  return first === undefined ? null : others.length === 0 ? first : `${first} +${others.length}`;
}

/** A span of time in five letters or so: `45s`, `3m 12s`, `2h 11m`, `9d 4h`. */
export function shortSpan(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 24) return `${hours}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
