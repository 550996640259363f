import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "./icon.tsx";

interface LiveOnlyProps {
  /** What it is, where the words need a card of their own. */
  readonly card?: string;
  readonly children: ComponentChildren;
}

/** What is known of now alone: while the page looks at the past it says so instead. */
export function LiveOnly({ card, children }: LiveOnlyProps): VNode {
  if (useApp().live.past.value === null) return <>{children}</>;
  const words = (
    <p class="live-only">
      <Icon name="history" />
      {card === undefined ? null : <b>{card}</b>}
      Live only, not kept for other times.
    </p>
  );
  return card === undefined ? words : <section class="card">{words}</section>;
}
