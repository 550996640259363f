import type { ComponentKind, Selector } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import type { ColorToken } from "../../charts/palette.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { StaleChip } from "../../components/card.tsx";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import { duration, type Formatter, join, rate, share, span, UNKNOWN } from "../../format/quantity.ts";
import type { LiveState } from "../../state/index.ts";
import { instanceOf, type ShownStatus, statusInView } from "../components.ts";
import { nodesInView } from "../reporting.ts";
import { StateWord, toneOfState } from "../state-word.tsx";
import "../../style/components.css";

interface Tile {
  readonly kind: ComponentKind;
  readonly title: string;
  readonly icon: IconName;
  /** Where more of it is. */
  readonly page: { readonly page: string; readonly params: Readonly<Record<string, string>> };
  readonly load: Selector;
  readonly p95: Selector | null;
  readonly format: Formatter;
  readonly color: ColorToken;
  /** What is counted. */
  readonly unit: string;
}

const OPERATIONS = "db.client.operation.duration";
const REQUESTS = "http.server.request.duration";

const TILES: readonly Tile[] = [
  {
    kind: "database",
    title: "Database",
    icon: "database",
    page: { page: "data", params: {} },
    load: { metric: OPERATIONS, agg: "rate", where: { "db.system.name": "postgresql" } },
    p95: { metric: OPERATIONS, agg: "p95", where: { "db.system.name": "postgresql" } },
    format: rate,
    color: "c1",
    unit: "operations",
  },
  {
    kind: "cache",
    title: "Cache",
    icon: "cache",
    page: { page: "data", params: { tab: "cache" } },
    load: { metric: OPERATIONS, agg: "rate", where: { "db.system.name": "redis" } },
    p95: { metric: OPERATIONS, agg: "p95", where: { "db.system.name": "redis" } },
    format: rate,
    color: "c2",
    unit: "operations",
  },
  {
    kind: "network",
    title: "Network",
    icon: "network",
    page: { page: "data", params: { tab: "network" } },
    load: { metric: REQUESTS, agg: "rate" },
    p95: { metric: REQUESTS, agg: "p95" },
    format: rate,
    color: "c4",
    unit: "requests",
  },
  {
    kind: "system",
    title: "System",
    icon: "cpu",
    page: { page: "system", params: {} },
    load: { metric: "system.cpu.utilization", agg: "last" },
    p95: null,
    format: share,
    color: "c6",
    unit: "of the host's CPU",
  },
];

/** Series of the tiles. */
export const COMPONENT_SERIES: readonly Selector[] = TILES.flatMap(({ load, p95 }) =>
  p95 === null ? [load] : [load, p95],
);

/** How everything the application stands on is: one tile for each kind, the worst member in front. */
export function ComponentTiles(): VNode {
  return (
    <section class="grid" aria-label="Components">
      {TILES.map((tile) => (
        <ComponentTile key={tile.kind} tile={tile} />
      ))}
    </section>
  );
}

function ComponentTile({ tile }: { readonly tile: Tile }): VNode {
  const { live, route } = useApp();
  const id = useId();
  live.tick.value;
  const status = statusInView(live, tile.kind);
  // Whether it is up, and since when, is known of now alone.
  const away = live.past.value !== null;
  const stale = away ? null : status.staleSince;
  const absent = !away && status.state === "absent";
  const value = stale !== null || absent ? UNKNOWN : tile.format(live.series(tile.load).latest());
  return (
    <article
      class="card kpi span-3 component"
      aria-labelledby={id}
      data-kind={tile.kind}
      data-tone={!away && toneOfState(status) === "crit" ? "crit" : undefined}
      data-stale={stale === null ? undefined : ""}
    >
      <h2 class="kpi-head" id={id}>
        <Icon name={tile.icon} />
        <a href={route.hrefTo(tile.page)}>{tile.title}</a>
        {away ? null : <StateWord status={status} />}
      </h2>
      {absent ? (
        <Absent status={status} />
      ) : (
        <>
          <p class="kpi-value">
            {value.text}
            <small>
              {value.unit} {tile.unit}
            </small>
          </p>
          <p class="kpi-note">
            {away ? <NoteThen tile={tile} /> : stale === null ? <Note tile={tile} status={status} /> : null}
          </p>
          <Sparkline selector={tile.load} color={tile.color} />
        </>
      )}
      {stale === null ? null : <StaleChip since={stale} />}
    </article>
  );
}

/** The whole tile leads to where it says how. */
function Absent({ status }: { readonly status: ShownStatus }): VNode {
  return (
    <p class="component-absent">
      {status.known ? (
        <>
          Nothing of this kind was handed to the monitor. <b>How to</b>
        </>
      ) : (
        "The hub has not told yet."
      )}
    </p>
  );
}

/** Share of its memory in use, of the host that has least left. */
function fullestHost(live: LiveState): number | null {
  const known = nodesInView(live).flatMap(({ hostMemory, state }) =>
    typeof hostMemory === "number" && state === "live" ? [hostMemory] : [],
  );
  return known.length === 0 ? null : Math.max(...known);
}

function NoteThen({ tile: { p95 } }: { readonly tile: Tile }): ComponentChildren {
  const { live } = useApp();
  if (p95 === null) return null;
  return (
    <>
      p95 <b>{join(duration(live.series(p95).latest()))}</b>
    </>
  );
}

/** What is wrong with the worst member; else how fast it answers and since when. */
function Note({ tile, status }: { readonly tile: Tile; readonly status: ShownStatus }): ComponentChildren {
  const { live } = useApp();
  const { worst, state, since, latencySeconds, members, up } = status;
  if (worst === null) return null;
  const where = members > 1 ? ` on ${instanceOf(worst.node)} · ${up} of ${members} up` : "";
  if (state === "down")
    return (
      <span title={worst.error ?? undefined}>
        <b>{worst.name}</b>
        {where}
        {worst.error === null ? "" : ` · ${worst.error}`}
      </span>
    );
  return (
    <>
      {tile.p95 === null ? (
        <>
          memory <b>{join(share(fullestHost(live)))}</b> ·{" "}
        </>
      ) : (
        <>
          p95 <b>{join(duration(live.series(tile.p95).latest()))}</b> ·{" "}
        </>
      )}
      {latencySeconds === null ? null : (
        <>
          ping <b>{join(duration(latencySeconds))}</b> ·{" "}
        </>
      )}
      {state === "up" && since !== null ? `up ${span(live.now.value - since)}` : "not asked yet"}
    </>
  );
}
