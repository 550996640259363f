import type { TypeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { Segmented } from "../../components/segmented.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { bytes, count, duration, join, rate, share } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { allNodes, explainEmpty } from "../reporting.ts";
import { type Direction, filterTypes } from "./type-filter.ts";

type Column = "event" | "direction" | "rate" | "share" | "total" | "size" | "latency" | "errors";

const FIGURES: Figures<TypeRow, Column> = {
  event: (row) => row.event,
  direction: (row) => row.direction,
  rate: (row) => row.rate,
  share: (row) => row.share,
  total: (row) => row.total,
  size: (row) => row.sizeP95,
  latency: (row) => row.p95,
  errors: (row) => row.errorsPerMinute,
};

const DIRECTIONS = [
  { value: "all", label: "Both" },
  { value: "in", label: "In" },
  { value: "out", label: "Out" },
] as const;

/** Every type of message with what it costs; up to 100, sorted and filtered here. */
export function TypesTable(): VNode {
  const { live } = useApp();
  const sorter = useSorter<Column>("rate");
  const [search, setSearch] = useState("");
  const [direction, setDirection] = useState<Direction>("all");
  const past = pastRows(live, "types");
  const away = live.past.value !== null;
  const all = (away ? past?.rows : live.table("types").value) ?? [];
  const fitting = filterTypes(all, search, direction);
  const held = useSortedRows(fitting, FIGURES, sorter, keyOf, `${search} ${direction}`);
  return (
    <Card
      title="Types"
      span={12}
      caption={`${away ? "rates, sizes and latency in the window" : allNodes(live, "rates over 10 s, sizes and latency over 1 min")} · errors are handlers that threw and acks that never came`}
      aside={<Filters search={search} onSearch={setSearch} direction={direction} onDirection={setDirection} />}
    >
      {all.length === 0 ? (
        <EmptyState {...explainEmpty(live, "messages")} />
      ) : (
        <>
          <SortedTable
            label="Types of messages"
            class="types"
            held={held}
            keyOf={keyOf}
            head={<Heads {...sorter} away={away} />}
            row={Row}
          />
          <p class="fine card-foot" role="status">
            {describeCount(fitting.length, all.length)}
            {past === null || past.leftOut === 0 ? "" : `, ${past.leftOut} rarer left out`}
          </p>
        </>
      )}
    </Card>
  );
}

function describeCount(shown: number, all: number): string {
  const most = all >= 100 ? ", the busiest there are" : "";
  if (shown === all) return `${all} ${all === 1 ? "type" : "types"}${most}`;
  return shown === 0 ? `None of ${all} types fits` : `${shown} of ${all} types${most}`;
}

interface FiltersProps {
  readonly search: string;
  readonly onSearch: (search: string) => void;
  readonly direction: Direction;
  readonly onDirection: (direction: Direction) => void;
}

function Filters({ search, onSearch, direction, onDirection }: FiltersProps): VNode {
  return (
    <div class="filters">
      <input
        type="search"
        class="field"
        aria-label="Filter types by name"
        placeholder="Filter by name"
        maxLength={128}
        value={search}
        onInput={(event) => onSearch(event.currentTarget.value)}
      />
      <Segmented label="Direction" options={DIRECTIONS} value={direction} onChange={onDirection} />
    </div>
  );
}

function Heads({ away, ...props }: Sorter<Column> & { readonly away: boolean }): VNode {
  return (
    <>
      <SortHeader by="event" label="Event" class="name" {...props} />
      <SortHeader by="direction" label="Direction" class="wide-cell" {...props} />
      <SortHeader by="rate" label="Per s" {...props} />
      <SortHeader by="share" label="Share" title="Of all messages of its direction" class="num wide-cell" {...props} />
      <SortHeader
        by="total"
        label="Total"
        title={away ? "In the window" : "Since the processes began"}
        class="num wide-cell"
        {...props}
      />
      <SortHeader by="size" label="Size p50 / p95" class="num wide-cell" {...props} />
      <SortHeader by="latency" label="Latency p95" short="p95" {...props} />
      <SortHeader by="errors" label="Errors/min" short="Err/min" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: TypeRow }): VNode {
  const id = useId();
  const size = row.sizeP50 === null ? "–" : `${join(bytes(row.sizeP50))} / ${join(bytes(row.sizeP95))}`;
  return (
    <tr data-tone={row.errorsPerMinute > 0 ? "crit" : undefined}>
      <th scope="row" class="name" id={id}>
        <span title={`${row.event} (${row.library})`}>
          <Icon name={row.direction} />
          <span class="mono truncate">{row.event}</span>
        </span>
        <small class="narrow-line">
          {row.direction} · {size}
        </small>
      </th>
      <td class="wide-cell">{row.direction}</td>
      <td class="num">{rate(row.rate).text}</td>
      <td class="wide-cell share">
        <Bar share={row.share} />
        <span title={`Of all messages ${row.direction}`}>
          {join(share(row.share))} <span class="fine">of {row.direction}</span>
        </span>
      </td>
      <td class="num wide-cell">{join(count(row.total))}</td>
      <td class="num wide-cell">{size}</td>
      <td class="num">
        {join(duration(row.p95))}
        <small class="tag">{row.timing}</small>
      </td>
      <td class="num">{row.errorsPerMinute === 0 ? "0" : rate(row.errorsPerMinute).text}</td>
    </tr>
  );
}

function keyOf({ library, direction, event }: TypeRow): string {
  return `${library} ${direction} ${event}`;
}
