import type { ComponentChildren, VNode } from "preact";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icons.ts";
import type { Tone } from "./tone.ts";
import "../style/form.css";

interface NoticeProps {
  readonly tone: Tone;
  /** What can be done about it. */
  readonly action?: ComponentChildren;
  readonly children: ComponentChildren;
}

const ICONS: Readonly<Record<Tone, IconName>> = { quiet: "info", ok: "ok", warn: "warn", crit: "warn" };

/** Something to know before the rest is read. */
export function Notice({ tone, action, children }: NoticeProps): VNode {
  return (
    <div class="notice" data-tone={tone}>
      <Icon name={ICONS[tone]} />
      <span>{children}</span>
      {action}
    </div>
  );
}
