import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import type { Page } from "../pages/page.ts";
import { Icon } from "./icon.tsx";
import { Segmented } from "./segmented.tsx";
import { StatusPill } from "./status-pill.tsx";

/** Windows of live data that can be looked at. */
export const WINDOWS = [
  { value: "300000", label: "5m", title: "Last 5 minutes" },
  { value: "900000", label: "15m", title: "Last 15 minutes" },
] as const;

/** The page's title, how current it is, and what applies to all of it. */
export function Header({ page }: { readonly page: Page }): VNode {
  const app = useApp();
  const { live, route, theme } = app;
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
            <span class="medium-only">
              <Segmented
                label="Window"
                options={WINDOWS}
                value={String(live.windowMs.value) as (typeof WINDOWS)[number]["value"]}
                onChange={(value) => route.navigate({ windowMs: Number(value) })}
              />
            </span>
            <PauseButton />
          </>
        ) : null}
        <button
          type="button"
          class="button medium-only"
          data-kind="square"
          aria-label="Copy link to this view"
          title="Copy link to this view"
          onClick={() => app.copy(route.linkTo("live", live.now.peek()), "Link")}
        >
          <Icon name="link" />
        </button>
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
