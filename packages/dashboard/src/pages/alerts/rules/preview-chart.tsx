import { useSignalEffect } from "@preact/signals";
import type { BackTestAnswer, BackTestEpisode } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { openSurface } from "../../../charts/canvas.ts";
import { offsetOf } from "../../history/time-axis.ts";
import { figure } from "../words.ts";
import { type Handle, LimitHandle } from "./limit-handle.tsx";
import { limitScale, rangeOf } from "./limit-scale.ts";
import { drawPreview } from "./preview-draw.ts";

interface PreviewChartProps {
  readonly title: string;
  readonly answer: BackTestAnswer;
  readonly handles: readonly Handle[];
  /** Writes a limit as it is typed. */
  readonly write: (value: number) => string;
  readonly outcome: string;
  readonly picked: BackTestEpisode | null;
  readonly onMove: (id: string, value: number) => void;
  /** Sets the first limit where somebody clicks; `null` when there is one. */
  readonly onPlace: ((value: number) => void) | null;
}

const HEIGHT = 260;

/** The figure of the last days with the limits on it, and when they would have fired. */
export function PreviewChart({
  title,
  answer,
  handles,
  write,
  outcome,
  picked,
  onMove,
  onPlace,
}: PreviewChartProps): VNode {
  const { palette, clock, preferences } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, setHeight] = useState(HEIGHT);
  const [width, setWidth] = useState(0);
  const wanted = rangeOf(
    answer.lines,
    handles.map(({ value }) => value),
  );
  // The scale stands still while a limit is moved with the pointer.
  const [frozen, setFrozen] = useState<readonly [number, number] | null>(null);
  const scale = limitScale(frozen ?? wanted, height);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const sizes = new ResizeObserver(() => {
      setWidth(element.clientWidth);
      setHeight(element.clientHeight);
    });
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  const draw = () => {
    const surface = canvas.current === null ? null : openSurface(canvas.current);
    if (surface === null) return;
    const offset = offsetOf(preferences.timeZone.value);
    const format = (value: number) => figure(value, answer.unit);
    drawPreview(surface, { answer, scale, palette: palette.value, clock: clock.value, offset, format, picked });
  };
  useEffect(draw, [answer, scale.low, scale.high, width, height, picked]);
  useSignalEffect(draw);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms that are sent
    <div class="preview-chart" role="group" aria-label={`${title}, limits on the last days`}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={chartWords(answer)}
        data-place={onPlace === null ? undefined : ""}
        onClick={(event) => onPlace?.(scale.valueAt(event.clientY - event.currentTarget.getBoundingClientRect().top))}
      />
      {handles.map((handle, index) => (
        <LimitHandle
          key={handle.id}
          handle={handle}
          slot={index / Math.max(3, handles.length)}
          scale={scale}
          format={write}
          outcome={outcome}
          onHold={(held) => setFrozen(held ? wanted : null)}
          onMove={(value) => onMove(handle.id, value)}
        />
      ))}
    </div>
  );
}

/** What can be seen in the chart. */
function chartWords({ lines, unit, instances }: BackTestAnswer): string {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  if (values.length === 0) return "No data in this time";
  let [least, most] = [values[0] ?? 0, values[0] ?? 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const of = instances < 2 ? "" : ` of ${instances} instances`;
  return `Values${of} from ${figure(least, unit)} to ${figure(most, unit)}`;
}
