import type { ComponentChildren, VNode } from "preact";
import { useApp } from "../app-context.ts";
import { EmptyState } from "./empty-state.tsx";

/** What is known of now alone: while the page looks at the past it says so instead. @param card what it is, where the words need a card of their own */
export function LiveOnly({ card, children }: { readonly card?: string; readonly children: ComponentChildren }): VNode {
  const { live } = useApp();
  if (live.past.value === null) return <>{children}</>;
  const words = (
    <EmptyState
      icon="history"
      title={card === undefined ? "Live only" : `${card}: live only`}
      why="This tells how things are now, and is not kept for other times."
    />
  );
  return card === undefined ? words : <section class="card">{words}</section>;
}
