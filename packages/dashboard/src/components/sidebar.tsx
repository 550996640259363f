import type { NodeRow } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { bytes, join, share, span } from "../format/quantity.ts";
import { PAGES } from "../pages/index.ts";
import { PAGE_GROUPS, type Page } from "../pages/page.ts";
import { Icon } from "./icon.tsx";
import { Logo } from "./logo.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import { serviceName } from "./service-name.ts";
import type { Tone } from "./tone.ts";

const LONE_PAGES = PAGES.filter(({ place, group }) => place === "nav" && group === undefined);
const GROUPS = PAGE_GROUPS.map((group) => ({ ...group, pages: PAGES.filter((page) => page.group === group.name) }));

/** The pages, the service that is watched, and what watching costs. An icon rail in narrower windows. */
export function Sidebar(): VNode {
  return (
    <aside class="sidebar" aria-label="Product">
      <div class="brand">
        <Logo />
        <span>wsight</span>
      </div>
      <ServiceCard />
      <nav class="nav" aria-label="Pages">
        {LONE_PAGES.map((page) => (
          <PageLink key={page.id} page={page} class="nav-link" />
        ))}
        {GROUPS.map(({ name, pages }) => (
          <>
            <p key={name} class="nav-group">
              {name}
            </p>
            {pages.map((page) => (
              <PageLink key={page.id} page={page} class="nav-link" />
            ))}
          </>
        ))}
      </nav>
      <div class="sidebar-foot">
        <MonitoringCost />
        <nav class="nav" aria-label="Preferences">
          {PAGES.filter((page) => page.place === "foot").map((page) => (
            <PageLink key={page.id} page={page} class="nav-link" />
          ))}
        </nav>
      </div>
    </aside>
  );
}

/** The pages as tabs at the bottom, for phones, group by group; nodes, windows and actions are behind the last one. */
export function BottomTabs(): VNode {
  const { dialog, route } = useApp();
  return (
    <nav class="tabs" aria-label="Pages">
      {LONE_PAGES.map((page) => (
        <PageLink key={page.id} page={page} class="tab" />
      ))}
      {GROUPS.map(({ name, icon, pages }) => (
        <Menu
          key={name}
          label={name}
          buttonClass="tab"
          current={pages.some(({ id }) => id === route.page.value)}
          items={pages.map((page) => ({
            label: page.title,
            icon: page.icon,
            run: () => route.navigate({ page: page.id, params: {} }),
          }))}
        >
          <Icon name={icon} />
          {name}
        </Menu>
      ))}
      <button
        type="button"
        class="tab"
        onClick={() => {
          dialog.value = "palette";
        }}
      >
        <Icon name="search" />
        More
      </button>
    </nav>
  );
}

interface PageLinkProps {
  readonly page: Page;
  readonly class: string;
}

function PageLink({ page, class: className }: PageLinkProps): VNode {
  const { route } = useApp();
  const current = route.page.value === page.id;
  return (
    <a
      class={className}
      href={route.hrefTo({ page: page.id, params: {} })}
      aria-current={current ? "page" : undefined}
      title={page.title}
    >
      <Icon name={page.icon} />
      <span>{page.title}</span>
      {page.Badge === undefined ? null : <page.Badge />}
    </a>
  );
}

function ServiceCard(): VNode {
  const { live, route } = useApp();
  const nodes = live.table("nodes").value;
  const chosen = live.node.value;
  const present = nodes?.filter(({ state }) => state !== "gone") ?? [];
  const items: readonly MenuItem[] = [
    { label: "All nodes", icon: "server", run: () => route.navigate({ node: null }) },
    ...present.map(
      (row): MenuItem => ({
        label: row.node,
        icon: row.state === "live" ? "ok" : "stale",
        note: row.state === "live" ? "live" : `silent ${span(live.now.peek() - row.lastAt)}`,
        run: () => route.navigate({ node: row.node }),
      }),
    ),
  ];
  const name = serviceName(nodes);
  const detail = chosen ?? (nodes === null ? "waiting for data" : countNodes(present.length));
  return (
    <Menu label="Node" items={items} buttonClass="service">
      <i class="dot" data-tone={live.status.value.state === "live" ? serviceTone(nodes) : "quiet"} />
      <span class="service-name">
        <span class="truncate">{name} </span>
        <small class="truncate">{detail}</small>
      </span>
      <span class="sr-only">Choose a node</span>
      <Icon name="chevrons" />
    </Menu>
  );
}

function countNodes(nodes: number): string {
  return `${nodes} ${nodes === 1 ? "node" : "nodes"}`;
}

function serviceTone(nodes: readonly NodeRow[] | null): Tone {
  const present = nodes?.filter(({ state }) => state !== "gone") ?? [];
  if (present.length === 0) return "quiet";
  const silent = present.filter(({ state }) => state === "silent").length;
  return silent === 0 ? "ok" : silent === present.length ? "crit" : "warn";
}

/** CPU, memory and traffic of the monitoring itself: probes and hub together. */
function MonitoringCost(): VNode {
  const { live } = useApp();
  const nodes = live.table("nodes").value;
  const hub = live.table("hub").value;
  const cpu = add(hub?.cpu, nodes, (row) => row.probeCpu);
  const memory = add(hub?.memoryBytes, nodes, (row) => row.probeMemoryBytes);
  const traffic = bytes(live.bytesPerSecond.value);
  return (
    <p class="cost" title="Probes and hub together; the last figure is what this page receives">
      Monitoring cost
      <strong>
        {join(share(cpu))} CPU · {join(bytes(memory))} · {join(traffic)}/s
      </strong>
    </p>
  );
}

function add(
  hub: number | undefined,
  nodes: readonly NodeRow[] | null,
  read: (row: NodeRow) => number | null,
): number | null {
  if (hub === undefined || nodes === null) return null;
  return nodes.reduce((sum, row) => sum + (row.state === "live" ? (read(row) ?? 0) : 0), hub);
}
