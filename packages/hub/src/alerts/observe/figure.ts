import type { Labels } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";

/** What a figure is of one label set; written over in each second. */
export interface FigureRow {
  readonly key: string;
  readonly labels: Labels;
  /** NaN when it is not known. */
  value: number;
  /** Events or readings within the window. */
  samples: number;
  /** Of ratios: how many of the events count for the value, and all of them. */
  part: number;
  whole: number;
}

/** A figure in groups, ready to be read each second. */
export interface Figure {
  /** Labels that its rows have. */
  readonly by: readonly string[];
  /** One for each label set, with what it came to in the window that ends with `second`. The same objects each time. */
  rows(second: number): readonly FigureRow[];
  /** Groups of series that a label set is made of; for what has ended. */
  groups(key: string): readonly WindowGroup[];
}

/** A row of a label set that was just met. */
export function emptyRow(key: string, labels: Labels): FigureRow {
  return { key, labels, value: Number.NaN, samples: 0, part: 0, whole: 0 };
}

/** Text of a label set's values in the order of `by`; values hold no line breaks. */
export function keyOf(labels: Labels, by: readonly string[]): string {
  return by.map((name) => labels[name] ?? "").join("\n");
}
