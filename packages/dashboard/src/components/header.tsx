import { LIVE_HISTORY_MS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import type { Page } from "../pages/page.ts";
import { WINDOWS } from "../past-control.ts";
import { Icon } from "./icon.tsx";
import { Menu } from "./menu.tsx";
import { Segmented } from "./segmented.tsx";
import { StatusPill } from "./status-pill.tsx";

/** The page's title, how current it is, and what applies to all of it. */
export function Header({ page }: { readonly page: Page }): VNode {
  const app = useApp();
  const { live, theme } = app;
  return (
    <header class="header">
      <h1>{page.title}</h1>
      <StatusPill />
      {app.painter.fidelity.value === "full" ? null : (
        <span class="chip medium-only" title="Drawing takes long here, so lines are thin and areas empty">
          Reduced drawing
        </span>
      )}
      <div class="header-tools">
        <button
          type="button"
          class="button medium-only"
          onClick={() => {
            app.dialog.value = "palette";
          }}
        >
          <Icon name="search" />
          <span class="wide-text">Search or jump to</span>
          <kbd>{commandKey()}K</kbd>
        </button>
        {page.timed ? (
          <>
            <NodeSwitch />
            <span class="medium-only windows">
              <WindowSwitch />
            </span>
            {live.past.value === null ? <PauseButton /> : null}
          </>
        ) : null}
        <LinkButton />
        <button
          type="button"
          class="button"
          data-kind="square"
          aria-label={`Theme: ${theme.choice.value}. Change`}
          title={`Theme: ${theme.choice.value}`}
          onClick={() => theme.cycle()}
        >
          <Icon
            name={{ light: "sun", dark: "moon", system: "theme" }[theme.choice.value] as "sun" | "moon" | "theme"}
          />
        </button>
      </div>
    </header>
  );
}

function WindowSwitch(): VNode {
  const { live, route, time } = useApp();
  const range = route.range.value;
  const shownMs = range === null ? live.windowMs.value : range.toAt - range.fromAt;
  return (
    <Segmented
      label="Window"
      options={WINDOWS.filter(({ ms }) => ms <= LIVE_HISTORY_MS || time.kept.value === true).map(
        ({ ms, label, title }) => ({
          value: String(ms),
          label,
          title,
        }),
      )}
      value={String(shownMs)}
      onChange={(value) => time.show(Number(value))}
    />
  );
}

/** A link to this time, the same whenever it is opened; without history there is only now to link to. */
function LinkButton(): VNode {
  const app = useApp();
  const kept = app.time.kept.value === true;
  const copy = (kind: "moment" | "live") => app.copy(app.route.linkTo(kind, app.live.now.peek()), "Link");
  const label = "Copy link to this view";
  if (!kept)
    return (
      <button
        type="button"
        class="button medium-only"
        data-kind="square"
        aria-label={label}
        title={label}
        onClick={() => copy("live")}
      >
        <Icon name="link" />
      </button>
    );
  return (
    <span class="medium-only">
      <Menu
        label={label}
        buttonLabel={label}
        buttonClass="button"
        buttonKind="square"
        items={[
          { label: "Link to this moment", icon: "history", run: () => copy("moment") },
          { label: "Link that is always live", icon: "link", run: () => copy("live") },
        ]}
      >
        <Icon name="link" />
      </Menu>
    </span>
  );
}

/** Which node the page looks at; those that fell silent say so, and the icon says it of the chosen one. */
function NodeSwitch(): VNode {
  const { live, route } = useApp();
  const chosen = live.node.value;
  const nodes = (live.table("nodes").value ?? []).filter(({ node, state }) => state !== "gone" || node === chosen);
  const states = new Map<string, string>(nodes.map(({ node, state }) => [node, state]));
  if (chosen !== null && !states.has(chosen)) states.set(chosen, "not known");
  const well = chosen === null || states.get(chosen) === "live";
  return (
    <span class="select" data-chosen={chosen === null ? undefined : ""} title={chosen ?? "All nodes"}>
      <Icon name={well ? "server" : "stale"} />
      <select
        aria-label="Node"
        value={chosen ?? ""}
        onChange={(event) => route.navigate({ node: event.currentTarget.value || null })}
      >
        <option value="">All nodes</option>
        {[...states].map(([name, state]) => (
          <option key={name} value={name}>
            {state === "live" ? name : `${name} (${state})`}
          </option>
        ))}
      </select>
    </span>
  );
}

function PauseButton(): VNode {
  const { live } = useApp();
  const paused = live.paused.value;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={paused}
      onClick={() => {
        live.paused.value = !paused;
      }}
    >
      <Icon name={paused ? "play" : "pause"} />
      <span class="roomy-text">{paused ? "Resume" : "Pause"}</span>
      <kbd class="wide-only">Space</kbd>
    </button>
  );
}

/** How this machine writes its command key. */
export function commandKey(): string {
  return navigator.userAgent.includes("Mac") ? "⌘" : "Ctrl ";
}
