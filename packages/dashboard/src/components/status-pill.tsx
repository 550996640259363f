import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import { Icon } from "./icon.tsx";

const TRANSPORTS = {
  websocket: "Over a WebSocket",
  sse: "Over server-sent events: WebSockets do not get through here. One is tried again each minute.",
} as const;

/** How current the page is: text, shape and colour; its title tells how figures travel. */
export function StatusPill(): VNode {
  const { transport } = useApp().live.status.value;
  return (
    <span class="status-slot" role="status" title={transport === null ? undefined : TRANSPORTS[transport]}>
      <StatusText />
    </span>
  );
}

function StatusText(): VNode | null {
  const { live } = useApp();
  const { state, lagMs } = live.status.value;
  if (state === "offline") return <Pill tone="crit" icon="unplug" word="Reconnecting" />;
  if (state === "signed-out") return <Pill tone="quiet" icon="key" word="Signed out" />;
  if (state === "connecting") return <Pill tone="quiet" icon="waiting" word="Connecting" />;
  if (live.past.value !== null) return <Pill tone="past" icon="history" word="History" />;
  if (live.paused.value) return <Pill tone="quiet" icon="pause" word="Paused" />;
  // What moves every second is for the eyes; people who listen to the page get the state alone.
  if (state === "lagging") {
    const behind = (
      <>
        Live, <span aria-hidden="true">{span(lagMs ?? 0)}</span> behind
      </>
    );
    return <Pill tone="warn" icon="warn" word={behind} />;
  }
  return (
    <span class="status" data-tone="ok">
      <i class="ring" />
      <b>Live</b>
      <small aria-hidden="true">1 s · lag {((lagMs ?? 0) / 1000).toFixed(1)} s</small>
    </span>
  );
}

interface PillProps {
  readonly tone: "warn" | "crit" | "quiet" | "past";
  readonly icon: "unplug" | "key" | "waiting" | "pause" | "warn" | "history";
  readonly word: ComponentChildren;
}

function Pill({ tone, icon, word }: PillProps): VNode {
  return (
    <span class="status" data-tone={tone}>
      <Icon name={icon} />
      <b>{word}</b>
    </span>
  );
}
