import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { stepTime } from "../format/clock.ts";
import { type Formatter, join } from "../format/quantity.ts";
import type { ChartModel } from "./chart-model.ts";
import type { ColorToken } from "./palette.ts";

interface PartProps {
  readonly model: ChartModel;
  readonly lines: readonly { readonly label: string; readonly color: ColorToken }[];
}

/** Names and values: the current ones, or those under the shared cursor. */
export function Legend({
  model,
  lines,
  format,
  picked,
}: PartProps & { readonly format: Formatter; readonly picked: number | null }): VNode {
  const { cursor } = useApp();
  model.drawn.value;
  const values = model.valuesAt(cursor.at.value);
  return (
    <ul class="legend">
      {lines.map(({ label, color }, index) => (
        <li key={label} data-picked={index === picked ? "" : undefined}>
          <i style={lineColor(color)} />
          {label}
          <b>{join(format(values[index] ?? null))}</b>
        </li>
      ))}
    </ul>
  );
}

/** The shared cursor in one chart, with a dot on each line. */
export function CursorLine({ model, lines }: PartProps): VNode | null {
  const { cursor } = useApp();
  model.drawn.value;
  const at = cursor.at.value;
  const place = at === null ? null : model.place(model.indexOf(at));
  if (place === null) return null;
  return (
    <>
      <i
        class="cursor-line"
        data-pinned={cursor.pinned.value ? "" : undefined}
        style={{ transform: `translate(${place.x}px, ${place.top}px)`, height: `${place.height}px` }}
      />
      {lines.map(({ label, color }, index) => {
        const y = model.yAt(index, model.indexOf(at));
        if (y === null) return null;
        const position = `translate(${place.x}px, ${y}px)`;
        return <i key={label} class="cursor-dot" style={{ ...lineColor(color), transform: position }} />;
      })}
    </>
  );
}

/** Time and values beside the cursor, in the chart that holds it alone. */
export function Tooltip({
  id,
  model,
  lines,
  format,
}: PartProps & { readonly id: string; readonly format: Formatter }): VNode | null {
  const { cursor, clock, live, viewMs } = useApp();
  model.drawn.value;
  const at = cursor.at.value;
  if (at === null || cursor.owner.value !== id) return null;
  const index = model.indexOf(at);
  const place = model.place(index);
  if (place === null) return null;
  const values = model.valuesAt(at);
  return (
    <div class="tooltip" style={{ transform: besideCursor(place.x, place.top, index, model.data.at.length) }}>
      <time>{stepTime(clock.value, at, viewMs.value, live.stepMs.value)}</time>
      <dl>
        {lines.map(({ label, color }, line) => (
          <Row key={label} color={color} label={label} text={join(format(values[line] ?? null))} />
        ))}
      </dl>
    </div>
  );
}

function Row({
  color,
  label,
  text,
}: {
  readonly color: ColorToken;
  readonly label: string;
  readonly text: string;
}): VNode {
  return (
    <>
      <dt>
        <i style={lineColor(color)} />
        {label}
      </dt>
      <dd>{text}</dd>
    </>
  );
}

/** Left of the cursor in the right half, right of it in the left half, so that it never leaves the card. */
function besideCursor(x: number, top: number, index: number, length: number): string {
  const left = index > length / 2;
  return `translate(calc(${x + (left ? -12 : 12)}px - ${left ? 100 : 0}%), ${top + 8}px)`;
}

function lineColor(color: ColorToken): { [name: string]: string } {
  return { "--line-color": `var(--${color})` };
}
