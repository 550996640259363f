import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../../app-context.ts";

/** How many alerts fire, beside the link to the page; nothing while none does. */
export function AlertsBadge(): VNode | null {
  const { live } = useApp();
  useEffect(() => live.use({ series: [], tables: ["alerts"] }), [live]);
  const table = live.table("alerts").value;
  const { critical = 0, warning = 0, undelivered = 0 } = table ?? {};
  const firing = critical + warning;
  if (firing + undelivered === 0) return null;
  return (
    <small class="nav-badge" data-tone={critical + undelivered > 0 ? "crit" : "warn"}>
      {firing === 0 ? "!" : firing}
      <span class="sr-only">
        {firing === 0 ? "" : ` ${firing === 1 ? "alert fires" : "alerts fire"}`}
        {undelivered === 0 ? "" : ` ${undelivered} ${undelivered === 1 ? "notice was" : "notices were"} not delivered`}
      </span>
    </small>
  );
}
