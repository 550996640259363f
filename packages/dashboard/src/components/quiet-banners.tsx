import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import { Icon } from "./icon.tsx";

/** Explains a node in the address that does not report. */
export function NodeBanner({ node }: { readonly node: string }): VNode {
  const { live, route } = useApp();
  const row = live.table("nodes").value?.find((known) => known.node === node);
  return (
    <div class="banner" data-tone="quiet">
      <Icon name="stale" />
      <p>
        <b>{node} does not report.</b>{" "}
        {row === undefined
          ? "The hub has not heard of it since it started; the link may be old."
          : `It has ended, or was last heard of ${span(live.now.value - row.lastAt)} ago.`}
      </p>
      <button type="button" class="button" onClick={() => route.navigate({ node: null })}>
        <Icon name="server" />
        Show all nodes
      </button>
    </div>
  );
}

/** Says that the figures stand still, and since when. */
export function PausedBanner(): VNode {
  const { live, clock, second } = useApp();
  const at = live.pausedAt.value;
  return (
    <div class="banner" data-tone="quiet">
      <Icon name="pause" />
      <p>
        <b>Paused{at === null ? "" : ` at ${clock.value.time(at)}`}.</b>{" "}
        {at === null ? null : `${span(second.value - at)} behind. `}New data keeps arriving and is held for 15 minutes.
      </p>
      <button
        type="button"
        class="button"
        onClick={() => {
          live.paused.value = false;
        }}
      >
        <Icon name="play" />
        Return to live
      </button>
    </div>
  );
}
