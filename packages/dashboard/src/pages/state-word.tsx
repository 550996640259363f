import type { VNode } from "preact";
import { Icon } from "../components/icon.tsx";
import type { IconName } from "../components/icons.ts";
import type { Tone } from "../components/tone.ts";
import type { ShownStatus } from "./components.ts";

/** What a state looks like: what was not looked at lately is not known, whatever it was then. */
export function toneOfState({ state, stale }: Pick<ShownStatus, "state" | "stale">): Tone {
  if (stale) return "quiet";
  return state === "up" ? "ok" : state === "down" ? "crit" : "quiet";
}

const ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", crit: "alert", warn: "warn", quiet: "waiting" };

/** State of a component: shape, colour and word. */
export function StateWord({ status }: { readonly status: Pick<ShownStatus, "state" | "stale"> }): VNode {
  const tone = toneOfState(status);
  return (
    <span class="state-word" data-tone={tone}>
      <Icon name={status.stale ? "stale" : ICONS[tone]} />
      {status.stale ? "unknown" : status.state === "absent" ? "not attached" : status.state}
    </span>
  );
}
