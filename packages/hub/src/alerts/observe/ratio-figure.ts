import type { AlertFilter, Indicator } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import { emptyRow, type Figure, type FigureRow } from "./figure.ts";
import type { Folded } from "./fold.ts";
import { type Part, Term, type WindowSource } from "./term.ts";

interface Sides {
  readonly row: FigureRow;
  readonly of: Part[];
  readonly per: Part[];
}

/**
 * Events among events, both counted over the window. Not known while there was
 * no event at all: nothing by nothing is no good ratio.
 */
export class RatioFigure implements Figure {
  readonly by: readonly string[];
  readonly #inverted: boolean;
  readonly #of: readonly Term[];
  readonly #per: readonly Term[];
  readonly #seconds: number;
  readonly #folded: Folded = { value: 0, samples: 0 };
  #seen: readonly (readonly WindowGroup[])[] = [];
  #sides: ReadonlyMap<string, Sides> = new Map();
  #rows: readonly FigureRow[] = [];

  constructor(source: WindowSource, indicator: Indicator, filter: AlertFilter, by: readonly string[], seconds: number) {
    this.by = by;
    this.#inverted = indicator.inverted ?? false;
    this.#of = indicator.of.map((term) => new Term(source, term, filter, by));
    this.#per = indicator.per.map((term) => new Term(source, term, filter, by));
    this.#seconds = seconds;
  }

  rows(second: number): readonly FigureRow[] {
    return this.rowsOver(second, this.#seconds);
  }

  /** The same over a window of another length. */
  rowsOver(second: number, seconds: number): readonly FigureRow[] {
    this.#align();
    for (const sides of this.#sides.values()) this.#read(sides, second, seconds);
    return this.#rows;
  }

  groups(key: string): readonly WindowGroup[] {
    this.#align();
    return this.#sides.get(key)?.per.map(([, group]) => group) ?? [];
  }

  #read({ row, of, per }: Sides, second: number, seconds: number): void {
    const whole = this.#count(per, second, seconds);
    const bad = Math.min(whole, this.#count(of, second, seconds));
    row.whole = row.samples = whole;
    row.part = this.#inverted ? whole - bad : bad;
    row.value = whole > 0 ? row.part / whole : Number.NaN;
  }

  #count(parts: readonly Part[], second: number, seconds: number): number {
    const folded = this.#folded;
    let sum = 0;
    for (const [term, group] of parts) {
      term.read(group, second, seconds, folded);
      if (folded.value > 0) sum += folded.value;
    }
    return sum;
  }

  /** Puts the groups of all terms side by side, anew only when any came or went. */
  #align(): void {
    const terms = [...this.#per, ...this.#of];
    if (this.#seen.length > 0 && terms.every((term, i) => term.groups() === this.#seen[i])) return;
    const before = this.#sides;
    const sides = new Map<string, Sides>();
    for (const term of this.#per) {
      for (const group of term.groups()) {
        const { key, labels } = group;
        let side = sides.get(key);
        if (side === undefined) {
          side = { row: before.get(key)?.row ?? emptyRow(key, labels), of: [], per: [] };
          sides.set(key, side);
        }
        side.per.push([term, group]);
      }
    }
    for (const term of this.#of) for (const group of term.groups()) sides.get(group.key)?.of.push([term, group]);
    this.#seen = terms.map((term) => term.groups());
    this.#sides = sides;
    this.#rows = [...sides.values()].map(({ row }) => row);
  }
}
