import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { span } from "../format/quantity.ts";
import { Icon } from "./icon.tsx";
import { LiveOnly } from "./live-only.tsx";

interface CardProps {
  readonly title: string;
  /** Columns of twelve. */
  readonly span: 3 | 4 | 5 | 6 | 7 | 8 | 12;
  /** Right of the title: a legend, a note, a menu. */
  readonly aside?: ComponentChildren;
  /** Small print under the title. */
  readonly caption?: string;
  /** ms epoch of the last sample when its source fell silent, else `null`. */
  readonly staleSince?: number | null;
  /** True for what is known of now alone. @default false */
  readonly liveOnly?: boolean;
  /** A figure when it holds a chart. @default "section" */
  readonly as?: "section" | "figure";
  readonly children: ComponentChildren;
}

/** The one kind of card. */
export function Card(props: CardProps): VNode {
  const { title, span: columns, aside, caption, staleSince, liveOnly = false, as = "section", children } = props;
  const id = useId();
  const away = useApp().live.past.value !== null && liveOnly;
  const Tag = as;
  const stale = typeof staleSince === "number";
  return (
    <Tag class={`card span-${columns}`} aria-labelledby={id} data-stale={stale ? "" : undefined}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {aside === undefined || away ? null : <div class="card-aside">{aside}</div>}
        {caption === undefined || away ? null : <p class="card-caption">{caption}</p>}
      </div>
      {liveOnly ? <LiveOnly>{children}</LiveOnly> : children}
      {stale ? <StaleChip since={staleSince} /> : null}
    </Tag>
  );
}

/** "last sample 14 s ago". */
export function StaleChip({ since }: { readonly since: number }): VNode {
  const { live } = useApp();
  return (
    <span class="chip stale-chip">
      <Icon name="stale" />
      last sample {span(live.now.value - since)} ago
    </span>
  );
}
