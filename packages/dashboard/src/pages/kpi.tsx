import type { Selector } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { ColorToken } from "../charts/palette.ts";
import { Sparkline } from "../charts/sparkline.tsx";
import { StaleChip } from "../components/card.tsx";
import { Icon } from "../components/icon.tsx";
import type { IconName } from "../components/icons.ts";
import type { Tone } from "../components/tone.ts";
import { type Quantity, UNKNOWN } from "../format/quantity.ts";
import { staleSince } from "./reporting.ts";

interface KpiProps {
  readonly icon: IconName;
  readonly title: string;
  readonly value: Quantity;
  readonly note: ComponentChildren;
  /** Course to draw below the figure. */
  readonly spark?: Selector;
  readonly color?: ColorToken;
  /** What stands there where there is no course. */
  readonly foot?: ComponentChildren;
  readonly tone?: Tone | undefined;
  /** When its source was last heard of, if that says nothing of now. @default as the nodes in view */
  readonly staleSince?: number | null;
  /** True for what is known of now alone. @default false */
  readonly liveOnly?: boolean;
  /** How many share a row of a wide window. @default "fifth" */
  readonly width?: "fifth" | "sixth";
}

/** One figure to see first, in a card of a row of such. */
export function Kpi(props: KpiProps): VNode {
  const { icon, title, value, note, spark, color = "c1", foot, tone, width = "fifth" } = props;
  const { live } = useApp();
  const id = useId();
  const stale = props.staleSince ?? staleSince(live);
  const away = props.liveOnly === true && live.past.value !== null;
  const shown = stale === null && !away ? value : UNKNOWN;
  return (
    <article
      class={`card kpi span-${width}`}
      aria-labelledby={id}
      data-tone={stale === null && !away ? tone : undefined}
      data-stale={stale === null ? undefined : ""}
    >
      <h2 class="kpi-head" id={id}>
        <Icon name={icon} />
        {title}
      </h2>
      <p class="kpi-value">
        {shown.text}
        {shown.unit === "" ? null : <small>{shown.unit}</small>}
      </p>
      <p class="kpi-note">{stale !== null ? null : away ? "live only" : note}</p>
      {spark === undefined ? null : <Sparkline selector={spark} color={color} />}
      {foot === undefined || stale !== null || away ? null : <p class="kpi-foot">{foot}</p>}
      {stale === null ? null : <StaleChip since={stale} />}
    </article>
  );
}
