import type { VNode } from "preact";
import type { Tone } from "./tone.ts";

interface BarProps {
  /** 0 to 1 of the track; `null` draws the track alone. */
  readonly share: number | null;
  /** Where the mark stands, 0 to 1. */
  readonly mark?: number;
  readonly tone?: Tone;
}

/** A flat bar. It repeats what text beside it says, so it is hidden from screen readers. */
export function Bar({ share, mark, tone }: BarProps): VNode {
  return (
    <span class="bar" data-tone={tone} aria-hidden="true">
      {share === null ? null : <i style={{ width: percent(share) }} />}
      {mark === undefined ? null : <u style={{ left: percent(mark) }} />}
    </span>
  );
}

function percent(share: number): string {
  return `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;
}
