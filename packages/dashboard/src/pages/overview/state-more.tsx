import type { HealthSlot, HealthStrip } from "@wsight/protocol";
import { HEALTH_SLOT_MS } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { serviceName } from "../../components/service-name.ts";
import { Snippet } from "../../components/snippet.tsx";
import { span } from "../../format/quantity.ts";
import { useAsked } from "../history/use-asked.ts";
import { nodesInView } from "../reporting.ts";
import { Checks } from "./checks.tsx";
import { describeFindings } from "./findings.ts";
import { readStrip } from "./health-api.ts";
import { Strip } from "./strip.tsx";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What is watched, and the list of checks on demand. */
export function StateMore(): VNode | null {
  const { live } = useApp();
  const [open, setOpen] = useState(false);
  const nodes = nodesInView(live);
  const known = live.table("nodes").value;
  const health = live.table("health").value;
  const hub = live.table("hub").value;
  const found = describeFindings(nodes);
  if (known !== null && !known.some(({ findings }) => findings.length > 0)) return <FirstStep />;
  return (
    <p class="state-more">
      {nodes.length === 0 ? null : (
        <span>
          Watching <b>{serviceName(nodes)}</b>: {found === "" ? "no WebSocket server found yet" : found} ·{" "}
          {nodes.length === 1 ? "1 node" : `${nodes.length} nodes`} · up{" "}
          {span(live.now.value - Math.min(...nodes.map(({ startedAt }) => startedAt)))}.{" "}
        </span>
      )}
      {hub === null || hub.restarts === 0 ? null : (
        <span>
          The hub was restarted {hub.restarts === 1 ? "once" : `${hub.restarts} times`}
          {hub.lastRestart === null ? "" : `: ${hub.lastRestart}`}.{" "}
        </span>
      )}
      {health === null || health.checks.length === 0 ? null : (
        <button type="button" class="link-button" onClick={() => setOpen(true)}>
          All {health.checks.length} checks
        </button>
      )}
      {open && health !== null ? <Checks health={health} onClose={() => setOpen(false)} /> : null}
    </p>
  );
}

/** What to do when there is nothing to watch. */
function FirstStep(): VNode {
  return (
    <>
      <p>Attach wsight to your server; it shows up here within a second.</p>
      <Snippet text='import { monitor } from "wsight"; await monitor({ io, wss });' />
    </>
  );
}

/** The last 24 hours. */
export function LiveStrip(): VNode | null {
  const { live } = useApp();
  const minute = Math.floor(live.now.value / MINUTE_MS);
  const { value } = useAsked(`strip ${minute}`, (signal) => readStrip(24, signal));
  if (value === null) return null;
  const toAt = (minute + 1) * MINUTE_MS;
  return (
    <Strip
      slots={withNow(value, live.table("health").value, live.now.value)}
      fromAt={toAt - DAY_MS}
      toAt={toAt}
      ends={ENDS}
    />
  );
}

const ENDS = ["24 h ago", "now"] as const;

/** The strip is asked for once a minute; what is so now stands in its last slot at once. */
function withNow(
  { slots }: HealthStrip,
  health: { readonly state: HealthSlot["state"]; readonly reasons: readonly string[] } | null,
  now: number,
): readonly HealthSlot[] {
  if (health === null || health.state === "unknown" || health.state === "healthy") return slots;
  const at = Math.floor(now / HEALTH_SLOT_MS) * HEALTH_SLOT_MS;
  if (slots.some((slot) => slot.at === at && slot.state !== "healthy" && slot.state !== "unknown")) return slots;
  const slot = { at, state: health.state, degradedMs: 0, unhealthyMs: 0, reason: health.reasons[0] ?? "" };
  return [...slots.filter((other) => other.at !== at), slot];
}
