import type { VNode } from "preact";
import { type Formatter, join, share } from "../../format/quantity.ts";
import type { RangeLine } from "./range-parts.tsx";

interface LineTableProps {
  readonly title: string;
  readonly lines: readonly RangeLine[];
  readonly format: Formatter;
  /** The interval under the cursor, if any. */
  readonly index: number | null;
  readonly picked: number | null;
  readonly onPick: (line: number | null) => void;
}

/** The lines of a chart: name, the value under the cursor or the last one, and what they range over. */
export function LineTable({ title, lines, format, index, picked, onPick }: LineTableProps): VNode {
  const text = (value: number | null) => join(format(value));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="table-scroll line-table" aria-label={`${title}: lines`} tabIndex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col" class="num">
              {index === null ? "Last" : "At cursor"}
            </th>
            <th scope="col" class="num wide-cell">
              Lowest
            </th>
            <th scope="col" class="num">
              Highest
            </th>
            <th scope="col" class="num wide-cell">
              Whole time
            </th>
            <th scope="col" class="num wide-cell">
              Data for
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, place) => {
            const { low, high, last } = figuresOf(line);
            return (
              <tr
                key={line.id}
                data-picked={place === picked ? "" : undefined}
                onPointerEnter={() => onPick(place)}
                onPointerLeave={() => onPick(null)}
              >
                <th scope="row">
                  <i
                    class="line-key"
                    data-stroke={line.stroke ?? "solid"}
                    style={{ "--line-color": `var(--${line.color})` }}
                  />
                  {line.label}
                </th>
                <td class="num">{text(index === null ? last : (line.values[index] ?? null))}</td>
                <td class="num wide-cell">{text(low)}</td>
                <td class="num">{text(high)}</td>
                <td class="num wide-cell">{text(line.whole)}</td>
                <td class="num wide-cell">{join(share(line.coverage))} of the time</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface LineFigures {
  readonly low: number | null;
  readonly high: number | null;
  readonly last: number | null;
}

/** What a line ranges over, its envelope included, and its newest value. */
function figuresOf({ values, low, high }: Pick<RangeLine, "values" | "low" | "high">): LineFigures {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { low: null, high: null, last: null };
  const least = [...known, ...(low ?? []).filter((value) => value !== null)];
  const most = [...known, ...(high ?? []).filter((value) => value !== null)];
  return {
    low: least.reduce((a, b) => Math.min(a, b)),
    high: most.reduce((a, b) => Math.max(a, b)),
    last: known.at(-1) ?? null,
  };
}
