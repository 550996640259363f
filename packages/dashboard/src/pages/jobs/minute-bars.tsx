import type { VNode } from "preact";

const WIDTH = 6;
const GAP = 1;
const HEIGHT = 20;

interface MinuteBarsProps {
  /** One a minute, oldest first. */
  readonly counts: readonly number[];
}

/** A bar for each of the last minutes. Decoration: what it shows is in figures beside it. */
export function MinuteBars({ counts }: MinuteBarsProps): VNode {
  const most = Math.max(1, ...counts);
  return (
    <svg class="minute-bars" viewBox={`0 0 ${counts.length * WIDTH} ${HEIGHT}`} aria-hidden="true">
      {counts.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(2, (count / most) * HEIGHT);
        return (
          <rect
            key={index}
            data-none={count === 0 ? "" : undefined}
            x={index * WIDTH}
            y={HEIGHT - height}
            width={WIDTH - GAP}
            height={height}
          />
        );
      })}
    </svg>
  );
}
