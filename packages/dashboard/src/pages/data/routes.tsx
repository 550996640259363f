import type { RouteRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Bar } from "../../components/bar.tsx";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { SortHeader } from "../../components/sort-header.tsx";
import { type Figures, SortedTable, type Sorter, useSortedRows, useSorter } from "../../components/sorted-table.tsx";
import { count, duration, join, rate, share } from "../../format/quantity.ts";
import { pastRows } from "../past-rows.ts";
import { allNodes, explainEmpty } from "../reporting.ts";
import { useOnScreen } from "../use-on-screen.ts";
import type { Source } from "../use-source.ts";
import { explainHint } from "./operations.tsx";

const ON_SCREEN = { series: [], tables: ["routes"], past: ["routes"] } as const;

type Column = "route" | "rate" | "share" | "total" | "p50" | "p95" | "failed" | "refused" | "aborted";

const FIGURES: Figures<RouteRow, Column> = {
  route: (row) => `${row.route} ${row.method}`,
  rate: (row) => row.rate,
  share: (row) => row.share,
  total: (row) => row.total,
  p50: (row) => row.p50,
  p95: (row) => row.p95,
  failed: (row) => row.serverErrorsPerMinute,
  refused: (row) => row.clientErrorsPerMinute,
  aborted: (row) => row.abortedPerMinute,
};

/** Every route with what it costs and how often it fails, by its pattern. */
export function Routes({ source }: { readonly source: Source }): VNode {
  const { live } = useApp();
  useOnScreen(ON_SCREEN);
  const sorter = useSorter<Column>("rate");
  const [search, setSearch] = useState("");
  const past = pastRows(live, "routes");
  const away = live.past.value !== null;
  const all = (away ? past?.rows : live.table("routes").value) ?? [];
  const words = search.toLowerCase();
  const rows = all.filter((row) => nameOf(row).toLowerCase().includes(words));
  const held = useSortedRows(rows, FIGURES, sorter, nameOf, search);
  const servers = source.names.length > 1 ? ", all servers" : "";
  return (
    <Card
      title="Routes"
      span={12}
      caption={`${away ? "rates and times in the window" : allNodes(live, "rates over 10 s, times over 1 min")}${servers} · by pattern, never by the path that was asked for`}
      staleSince={source.stale}
      aside={
        <input
          type="search"
          class="field"
          aria-label="Filter routes"
          placeholder="Filter routes"
          maxLength={128}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      }
    >
      {all.length === 0 ? (
        <EmptyState {...(away ? explainEmpty(live, "requests") : explainHint(source.hint))} />
      ) : (
        <>
          <SortedTable
            label="Requests by route"
            class={source.stale === null ? "routes" : "routes stale-rows"}
            held={held}
            keyOf={nameOf}
            head={<Heads {...sorter} away={away} />}
            row={Row}
          />
          <p class="fine card-foot" role="status">
            {rows.length === all.length ? `${all.length}` : `${rows.length} of ${all.length}`}{" "}
            {all.length === 1 ? "route" : "routes"}
            {all.length >= 100 ? ", the busiest there are" : ""}
          </p>
        </>
      )}
    </Card>
  );
}

function nameOf({ method, route }: RouteRow): string {
  return `${method} ${route}`;
}

function Heads({ away, ...props }: Sorter<Column> & { readonly away: boolean }): VNode {
  return (
    <>
      <SortHeader by="route" label="Route" class="name" {...props} />
      <SortHeader by="rate" label="Per s" {...props} />
      <SortHeader by="share" label="Share" class="num wide-cell" {...props} />
      <SortHeader
        by="total"
        label="Total"
        title={away ? "In the window" : "Since the processes began"}
        class="num wide-cell"
        {...props}
      />
      <SortHeader by="p50" label="p50" class="num wide-cell" {...props} />
      <SortHeader by="p95" label="p95" {...props} />
      <SortHeader by="failed" label="5xx/min" {...props} />
      <SortHeader by="refused" label="4xx/min" class="num wide-cell" {...props} />
      <SortHeader by="aborted" label="Cut off/min" class="num wide-cell" {...props} />
    </>
  );
}

function Row({ row }: { readonly row: RouteRow }): VNode {
  return (
    <tr data-tone={row.serverErrorsPerMinute > 0 ? "crit" : undefined}>
      <th scope="row" class="name">
        <span>
          <span class="mono method">{row.method}</span>
          {row.route === "" ? (
            <span class="fine">no route known</span>
          ) : (
            <span class="mono truncate" title={row.route}>
              {row.route === "_other" ? "other routes" : row.route}
            </span>
          )}
        </span>
      </th>
      <td class="num">{rate(row.rate).text}</td>
      <td class="wide-cell share">
        <Bar share={row.share} />
        <span>{join(share(row.share))}</span>
      </td>
      <td class="num wide-cell">{join(count(row.total))}</td>
      <td class="num wide-cell">{join(duration(row.p50))}</td>
      <td class="num">{join(duration(row.p95))}</td>
      <td class="num">{some(row.serverErrorsPerMinute)}</td>
      <td class="num wide-cell">{some(row.clientErrorsPerMinute)}</td>
      <td class="num wide-cell">{some(row.abortedPerMinute)}</td>
    </tr>
  );
}

function some(perMinute: number): string {
  return perMinute === 0 ? "0" : rate(perMinute).text;
}
