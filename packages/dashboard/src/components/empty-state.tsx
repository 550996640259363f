import type { VNode } from "preact";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icons.ts";
import { Snippet } from "./snippet.tsx";

/** Why there is nothing to see and what to do about it. */
export interface Emptiness {
  readonly icon: IconName;
  readonly title: string;
  readonly why: string;
  /** A line to paste. */
  readonly snippet?: string;
}

/** Stands where data would: what it is, why it is empty, one action. */
export function EmptyState({ icon, title, why, snippet }: Emptiness): VNode {
  return (
    <div class="empty">
      <Icon name={icon} />
      <b>{title}</b>
      <p>{why}</p>
      {snippet === undefined ? null : <Snippet text={snippet} />}
    </div>
  );
}
