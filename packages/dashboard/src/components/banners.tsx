import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import { Icon } from "./icon.tsx";

/** What stands above the page when it is not live, or looks at a node that is not there. */
export function Banners(): VNode | null {
  const { live } = useApp();
  const { state } = live.status.value;
  if (state === "offline") return <OfflineBanner />;
  if (live.paused.value) return <PausedBanner />;
  return <NodeBanner />;
}

/** Explains a node in the address that does not report. */
function NodeBanner(): VNode | null {
  const { live, route } = useApp();
  const chosen = live.node.value;
  const nodes = live.table("nodes").value;
  const row = nodes?.find(({ node }) => node === chosen);
  if (chosen === null || nodes === null || (row !== undefined && row.state !== "gone")) return null;
  return (
    <div class="banner" data-tone="quiet">
      <Icon name="stale" />
      <p>
        <b>{chosen} does not report.</b>{" "}
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

function OfflineBanner(): VNode {
  const { live, clock } = useApp();
  const { lastAt } = live.status.value;
  return (
    <div class="banner" data-tone="crit">
      <Icon name="unplug" />
      <p>
        <span role="alert">
          <b>No connection to the hub.</b>{" "}
        </span>
        {lastAt === null ? (
          "Nothing was received yet. "
        ) : (
          <>
            Last sample {clock.value.time(lastAt)}, <Age since={lastAt} /> ago.{" "}
          </>
        )}
        <Countdown /> Everything below is old.
      </p>
      <button type="button" class="button" onClick={() => live.retryNow()}>
        <Icon name="retry" />
        Retry now
      </button>
    </div>
  );
}

function Age({ since }: { readonly since: number }): VNode {
  const { second } = useApp();
  return <>{span(second.value - since)}</>;
}

function Countdown(): VNode {
  const { live, second } = useApp();
  const { retryAt, attempt } = live.status.value;
  const nth = attempt > 0 ? ` (attempt ${attempt + 1})` : "";
  if (retryAt === null)
    return (
      <>
        Connecting{nth}
        {"\u2026"}
      </>
    );
  return (
    <>
      Retrying in {span(Math.max(0, retryAt - second.value))}
      {nth}.
    </>
  );
}

function PausedBanner(): VNode {
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
