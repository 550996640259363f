import { PROCESS_SORTS, type ProcessRow, type ProcessSort } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Choice, optionsOf } from "../../components/choice.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { useNarrow } from "../../components/narrow.ts";
import { type Column, type TableRow, VirtualTable } from "../../components/virtual-table.tsx";
import { bytes, count, join, share } from "../../format/quantity.ts";
import type { PageParts } from "../../lists/row-feed.ts";
import { SearchField } from "../../lists/search-field.tsx";
import { useRowFeed, useRowHeight } from "../../lists/use-list.ts";
import { nodesInView } from "../reporting.ts";
import { createProcessApi } from "./process-api.ts";
import { ProcessFeed } from "./process-feed.ts";

const COLUMNS: readonly (Column & { readonly sort: ProcessSort | null })[] = [
  { id: "name", header: "Name", sort: "name" },
  { id: "pid", header: "Pid", width: "110px", numeric: true, sort: "pid" },
  { id: "cpu", header: "CPU", width: "110px", numeric: true, sort: "cpu" },
  { id: "memory", header: "Memory", width: "120px", numeric: true, sort: "memory" },
  { id: "threads", header: "Threads", width: "110px", numeric: true, sort: "threads" },
  { id: "state", header: "State", width: "120px", sort: null },
];

/** Ways a column is ordered by: figures from the largest, names and ids from the smallest. */
const ASCENDING: ReadonlySet<ProcessSort> = new Set(["name", "pid"]);

/** Every process of one host, ordered, searched and paged by the process that looks. Looked at only while it is seen. */
export function Processes(): VNode {
  const { live } = useApp();
  const [host, setHost] = useState<string | null>(null);
  const nodes = nodesInView(live).filter(({ state }) => state === "live");
  const hosts = [...new Set(nodes.map((row) => row.host))].sort();
  const shown = hosts.find((name) => name === host) ?? hosts[0] ?? null;
  const node = nodes.find((row) => row.host === shown)?.node ?? null;
  return (
    <section class="card" aria-labelledby="processes">
      <div class="card-head">
        <h2 id="processes">Processes</h2>
        {hosts.length > 1 ? (
          <div class="card-aside">
            <Choice aria-label="Host" value={shown ?? ""} options={optionsOf(hosts)} onChange={setHost} />
          </div>
        ) : (
          <div class="card-aside">
            <span class="card-note">{shown}</span>
          </div>
        )}
        <p class="card-caption">CPU of one core · what a process was started with is never looked at</p>
      </div>
      {node === null ? (
        <EmptyState
          icon="waiting"
          title="No process reports"
          why="A monitored process looks at its host for you. None in view does at this moment."
        />
      ) : (
        <Table node={node} />
      )}
    </section>
  );
}

function Table({ node }: { readonly node: string }): VNode {
  const { live, say } = useApp();
  const narrow = useNarrow();
  const rowHeight = useRowHeight(narrow);
  const [sort, setSort] = useState<ProcessSort>("cpu");
  const [search, setSearch] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const feed = useFeed(box);
  useEffect(() => feed.setView({ node, sort, search }), [feed, node, sort, search]);
  feed.changed.value;
  const { answer, error } = feed;
  const matching = answer?.page.matching ?? 0;
  useEffect(() => {
    if (search !== "" && answer !== null) say(`${matching} processes match`);
  }, [search, matching]);
  const columns = narrow ? NARROW_COLUMNS : COLUMNS.map((column) => ({ ...column, ...orderOf(column.sort, sort) }));
  return (
    <div ref={box}>
      <Tools search={search} sort={sort} narrow={narrow} onSearch={setSearch} onSort={setSort} />
      {answer === null || matching === 0 ? (
        <div class="vt-none">
          <EmptyState {...nothing(answer === null, search, error?.message ?? null)} />
        </div>
      ) : (
        <div class="vt-frame processes" data-narrow={narrow ? "" : undefined}>
          <VirtualTable
            label="Processes of the host"
            columns={columns}
            count={matching}
            listKey={JSON.stringify([node, sort, search])}
            rowHeight={rowHeight}
            rowAt={(place) => {
              const row = feed.at(place);
              return row === undefined ? null : narrow ? narrowRow(row) : wideRow(row);
            }}
            onRange={(first, last) => feed.setRange(first, last)}
            onHold={(reason, holds) => reason !== "scroll" && feed.hold(reason, holds)}
            onOrder={(column) => setSort(PROCESS_SORTS.find((known) => known === column) ?? sort)}
          />
        </div>
      )}
      <p class="list-foot" data-held={feed.held ? "" : undefined}>
        {answer === null ? null : (
          <span>
            {search === "" ? "" : `${join(count(matching))} of `}
            <b>{join(count(answer.page.total))}</b> processes
          </span>
        )}
        {feed.held ? <span>order held while pointing</span> : null}
        {live.paused.value ? <span>paused</span> : null}
        {error === null || answer === null ? null : (
          <span class="chip" data-tone="warn">
            <Icon name="warn" />
            {error.message}
          </span>
        )}
      </p>
    </div>
  );
}

function useFeed(box: { readonly current: HTMLDivElement | null }): ProcessFeed {
  const feed = useRowFeed(createFeed);
  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new IntersectionObserver((entries) => feed.setSeen(entries.at(-1)?.isIntersecting === true));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [feed]);
  return feed;
}

function createFeed(page: PageParts): ProcessFeed {
  return new ProcessFeed({
    ...page,
    ask: createProcessApi(new URL(document.baseURI), (input, init) => fetch(input, init)),
  });
}

interface ToolsProps {
  readonly search: string;
  readonly sort: ProcessSort;
  readonly narrow: boolean;
  readonly onSearch: (search: string) => void;
  readonly onSort: (sort: ProcessSort) => void;
}

function Tools({ search, sort, narrow, onSearch, onSort }: ToolsProps): VNode {
  return (
    <div class="list-tools">
      <SearchField
        label="Search processes"
        placeholder="Name or pid"
        longest={128}
        search={search}
        onSearch={onSearch}
      />
      {narrow ? (
        <Choice
          aria-label="Order"
          value={sort}
          options={PROCESS_SORTS.map((value) => ({ value, label: `By ${value === "cpu" ? "CPU" : value}` }))}
          onChange={onSort}
        />
      ) : null}
    </div>
  );
}

function orderOf(own: ProcessSort | null, sort: ProcessSort): Pick<Column, "order"> {
  if (own === null) return {};
  return { order: own !== sort ? null : ASCENDING.has(own) ? "ascending" : "descending" };
}

const NARROW_COLUMNS: readonly Column[] = [
  { id: "name", header: "Name" },
  { id: "use", header: "CPU, memory", width: "120px", numeric: true },
];

function wideRow(row: ProcessRow): TableRow {
  return {
    head: <Name row={row} />,
    cells: [row.pid, cpuText(row), join(bytes(row.memoryBytes)), row.threads, row.state],
    ...(row.self ? { state: "self" } : {}),
  };
}

function narrowRow(row: ProcessRow): TableRow {
  return {
    head: (
      <>
        <Name row={row} />
        <small class="vt-line">
          {row.pid} · {row.threads} {row.threads === 1 ? "thread" : "threads"} · {row.state}
        </small>
      </>
    ),
    cells: [
      <>
        <span class="vt-line">{cpuText(row)}</span>
        <small class="vt-line">{join(bytes(row.memoryBytes))}</small>
      </>,
    ],
    ...(row.self ? { state: "self" } : {}),
  };
}

function Name({ row }: { readonly row: ProcessRow }): VNode {
  return (
    <span class="vt-line">
      <span class="mono truncate">{row.name}</span>
      {row.self ? <span class="chip">this node</span> : null}
    </span>
  );
}

function cpuText({ cpu }: ProcessRow): string {
  return join(share(cpu));
}

function nothing(waiting: boolean, search: string, failed: string | null): Parameters<typeof EmptyState>[0] {
  if (failed !== null)
    return { icon: "unplug", title: "No list of processes", why: `${failed}. It is asked again by itself.` };
  if (waiting)
    return { icon: "waiting", title: "Asking for processes", why: "The node looks at its host for the first time." };
  return search === ""
    ? { icon: "waiting", title: "No processes", why: "This host shows none." }
    : { icon: "search", title: "No process matches", why: `None is called ${search} or has that id.` };
}
