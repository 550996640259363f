import type { ComponentChildren, VNode } from "preact";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";
import type { Tone } from "../../components/tone.ts";

/** Symbols of a state; each has its own shape. */
const ICONS: Readonly<Record<Tone, IconName>> = { ok: "ok", warn: "warn", crit: "alert", quiet: "waiting" };

interface StateCardProps {
  readonly tone: Tone;
  readonly title: string;
  /** Beside the title. */
  readonly note: ComponentChildren;
  /** Below both. */
  readonly text: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The card of a state: its symbol, its name and what else there is to say. */
export function StateCard({ tone, title, note, text, children }: StateCardProps): VNode {
  return (
    <section class="card state" data-tone={tone} aria-label="State">
      <span class="state-tile">
        <Icon name={ICONS[tone]} />
      </span>
      <div class="state-text">
        <h2>{title}</h2>
        <span>{note}</span>
        {text}
      </div>
      {children}
    </section>
  );
}
