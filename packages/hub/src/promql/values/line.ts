import type { Labels } from "@wsight/protocol";
import { PromqlError } from "../promql-error.ts";
import type { Distribution } from "./distribution.ts";
import { keyOfLabels, showLabels } from "./labels.ts";

/** One line of a vector over all moments of a grid. */
export interface Line {
  readonly labels: Labels;
  readonly values: Float64Array;
  /** 1 at moments that have a value: NaN is one, too. */
  readonly present: Uint8Array;
  /** The native histograms that stand in place of values; `null` when values are numbers. */
  readonly histograms: (Distribution | null)[] | null;
}

/** What an expression comes to over all moments of a grid. */
export type Value =
  | { readonly type: "scalar"; readonly values: Float64Array }
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "vector"; readonly lines: readonly Line[] };

/** A line with no value anywhere yet. */
export function emptyLine(labels: Labels, length: number, isHistogram = false): Line {
  return {
    labels,
    values: new Float64Array(length),
    present: new Uint8Array(length),
    histograms: isHistogram ? new Array<Distribution | null>(length).fill(null) : null,
  };
}

/** Puts a value into a line. */
export function setValue(line: Line, place: number, value: number): void {
  line.values[place] = value;
  line.present[place] = 1;
}

/** A line of numbers made from another by a function of each value. */
export function mapLine(line: Line, labels: Labels, map: (value: number, place: number) => number): Line {
  const mapped = emptyLine(labels, line.values.length);
  line.values.forEach((value, i) => {
    if (line.present[i] === 1) setValue(mapped, i, map(value, i));
  });
  return mapped;
}

/** True when a line has a value at any moment. */
export function hasAny({ present }: Line): boolean {
  return present.includes(1);
}

/**
 * Refuses lines that can't be told apart.
 * @throws PromqlError `execution`
 */
export function checkDistinct(lines: readonly Line[]): readonly Line[] {
  const seen = new Map<string, Line[]>();
  for (const line of lines) {
    const key = keyOfLabels(line.labels);
    const same = seen.get(key) ?? [];
    if (same.some((other) => meet(line, other)))
      throw new PromqlError(
        "execution",
        `vector cannot contain metrics with the same labelset: ${showLabels(line.labels)}`,
      );
    seen.set(key, [...same, line]);
  }
  return lines;
}

function meet(one: Line, other: Line): boolean {
  return one.present.some((present, i) => present === 1 && other.present[i] === 1);
}
