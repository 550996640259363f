import { LIVE_HISTORY_MS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { PAGES } from "../pages/index.ts";
import { useOnScreen } from "../pages/use-on-screen.ts";
import { WINDOWS } from "../past-control.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icons.ts";

interface Command {
  readonly label: string;
  readonly kind: "Page" | "Queue" | "Node" | "Action";
  readonly icon: IconName;
  readonly run: () => void;
}

const ON_SCREEN = { series: [], tables: ["queues"] } as const;

/** Pages, queues, nodes and actions by name. */
export function CommandPalette(): VNode {
  const app = useApp();
  useOnScreen(ON_SCREEN);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [picked, setPicked] = useState(0);
  const found = listCommands(app).filter(({ label, kind }) => matches(`${label} ${kind}`, query));
  const current = found[Math.min(picked, found.length - 1)];
  const close = () => {
    app.dialog.value = null;
  };

  function run(command: Command | undefined): void {
    if (command === undefined) return;
    close();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") run(current);
    if (step === undefined || found.length === 0) return;
    event.preventDefault();
    setPicked((Math.min(picked, found.length - 1) + step + found.length) % found.length);
  }

  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });

  return (
    <Dialog title="Search or jump to" class="palette" bare onClose={close}>
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Search pages, queues, nodes and actions"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={current === undefined ? undefined : `${listId}-${found.indexOf(current)}`}
          aria-autocomplete="list"
          autocomplete="off"
          placeholder="Search pages, queues, nodes, actions"
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setPicked(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <div ref={list} class="palette-list" id={listId} role="listbox" aria-label="Results">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above holds the focus and the keys
          <div
            key={`${command.kind} ${command.label}`}
            id={`${listId}-${index}`}
            class="palette-item"
            role="option"
            tabIndex={-1}
            aria-selected={command === current}
            onClick={() => run(command)}
          >
            <Icon name={command.icon} />
            {command.label}
            <small>{command.kind}</small>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="palette-none">Nothing is called that.</p> : null}
    </Dialog>
  );
}

/** True when every word of the query begins a word of the text. */
function matches(text: string, query: string): boolean {
  const words = text.toLowerCase().split(/[\s/:_-]+/);
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((part) => part === "" || words.some((word) => word.startsWith(part)) || text.toLowerCase().includes(part));
}

function listCommands(app: App): readonly Command[] {
  const { live, route, theme } = app;
  const nodes = live.table("nodes").value ?? [];
  const queues = live.table("queues").value?.rows ?? [];
  const paused = live.paused.value;
  return [
    ...PAGES.map(
      (page): Command => ({
        label: page.title,
        kind: "Page",
        icon: page.icon,
        run: () => route.navigate({ page: page.id, params: {} }),
      }),
    ),
    ...queues.map(
      ({ queue }): Command => ({
        label: queue,
        kind: "Queue",
        icon: "waiting",
        run: () => route.navigate({ page: "jobs", params: { queue } }),
      }),
    ),
    { label: "All nodes", kind: "Node", icon: "server", run: () => route.navigate({ node: null }) },
    ...nodes.map(
      ({ node }): Command => ({ label: node, kind: "Node", icon: "server", run: () => route.navigate({ node }) }),
    ),
    ...WINDOWS.filter(({ ms }) => ms <= LIVE_HISTORY_MS || app.time.kept.value === true).map(
      ({ ms, title }): Command => ({ label: title, kind: "Action", icon: "timer", run: () => app.time.show(ms) }),
    ),
    {
      label: paused ? "Return to live" : "Pause",
      kind: "Action",
      icon: paused ? "play" : "pause",
      run: () => {
        live.paused.value = !paused;
      },
    },
    ...listLinks(app),
    { label: "Change theme", kind: "Action", icon: "theme", run: () => theme.cycle() },
    {
      label: "Keyboard shortcuts",
      kind: "Action",
      icon: "shortcuts",
      run: () => {
        app.dialog.value = "help";
      },
    },
    { label: "Sign out", kind: "Action", icon: "signOut", run: () => signOut(app) },
  ];
}

/** A link to this time comes first; without history there is only now to link to. */
function listLinks({ live, route, time, copy }: App): readonly Command[] {
  const link = (kind: "moment" | "live", label: string, what: string): Command => ({
    label,
    kind: "Action",
    icon: kind === "moment" ? "history" : "link",
    run: () => copy(route.linkTo(kind, live.now.peek()), what),
  });
  const always = link("live", "Copy link that is always live", "Always-live link");
  return time.kept.value === true ? [link("moment", "Copy link to this moment", "Link"), always] : [always];
}

function signOut(app: App): void {
  app.live.signOut().catch((error: unknown) => {
    app.toasts.show(error instanceof Error ? error.message : "The hub could not be told", "crit");
  });
}
