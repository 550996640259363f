import type { AlertFilter, IndicatorTerm } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import { emptyRow, type Figure, type FigureRow } from "./figure.ts";
import { Term, type WindowSource } from "./term.ts";

/** An aggregate of one metric. */
export class PlainFigure implements Figure {
  readonly by: readonly string[];
  readonly #term: Term;
  readonly #seconds: number;
  #groups: readonly WindowGroup[] = [];
  #rows: readonly FigureRow[] = [];

  constructor(source: WindowSource, term: IndicatorTerm, filter: AlertFilter, by: readonly string[], seconds: number) {
    this.by = by;
    this.#term = new Term(source, term, filter, by);
    this.#seconds = seconds;
  }

  rows(second: number): readonly FigureRow[] {
    const groups = this.#term.groups();
    if (groups !== this.#groups) {
      this.#groups = groups;
      this.#rows = groups.map(({ key, labels }) => emptyRow(key, labels));
    }
    for (let i = 0; i < groups.length; i++) {
      this.#term.read(groups[i] as WindowGroup, second, this.#seconds, this.#rows[i] as FigureRow);
    }
    return this.#rows;
  }

  groups(key: string): readonly WindowGroup[] {
    return this.#term.groups().filter((group) => group.key === key);
  }
}
