import type { VNode } from "preact";
import { Icon } from "../components/icon.tsx";
import type { IconName } from "../components/icons.ts";
import type { Tone } from "../components/tone.ts";
import type { ShownStatus } from "./components.ts";

type Shown = Pick<ShownStatus, "state" | "stale" | "lost" | "members">;

/** What a state looks like: what was not looked at lately is not known, whatever it was then. */
export function toneOfState({ state, stale, lost }: Omit<Shown, "members">): Tone {
  if (stale) return "quiet";
  if (state === "down") return "crit";
  return lost > 0 ? "warn" : state === "up" ? "ok" : "quiet";
}

const ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", crit: "alert", warn: "warn", quiet: "waiting" };

/** State of a component: shape, colour and word. */
export function StateWord({ status }: { readonly status: Shown }): VNode {
  const tone = toneOfState(status);
  return (
    <span class="state-word" data-tone={tone}>
      <Icon name={status.stale ? "stale" : ICONS[tone]} />
      {wordOf(status, tone)}
    </span>
  );
}

function wordOf({ state, stale, lost, members }: Shown, tone: Tone): string {
  if (stale) return "unknown";
  if (tone === "warn") return `${lost} of ${members} silent`;
  return state === "absent" ? "not attached" : state;
}
