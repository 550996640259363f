import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import { findPage } from "../pages/index.ts";
import { Icon } from "./icon.tsx";
import { lazy } from "./lazy.tsx";

// Of the offline banner alone it is certain that nothing could be fetched for it.
const NodeBanner = lazy(async () => (await import("./quiet-banners.tsx")).NodeBanner, "aside");
const PausedBanner = lazy(async () => (await import("./quiet-banners.tsx")).PausedBanner, "aside");
const PastBanner = lazy(async () => (await import("./past-banner.tsx")).PastBanner);

/** What stands above the page when it is not live, or looks at a node that is not there. */
export function Banners(): VNode | null {
  const { live, route } = useApp();
  const { state } = live.status.value;
  const away = route.range.value !== null && findPage(route.page.value).timed;
  if (state === "offline" || away)
    return (
      <>
        {state === "offline" ? <OfflineBanner /> : null}
        {away ? <PastBanner /> : null}
      </>
    );
  if (live.paused.value) return <PausedBanner />;
  const node = live.node.value;
  const nodes = live.table("nodes").value;
  if (node === null || nodes === null || nodes.some((row) => row.node === node && row.state !== "gone")) return null;
  return <NodeBanner node={node} />;
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
        <Countdown /> {live.past.value === null ? "Everything below is old." : null}
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
