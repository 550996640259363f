import type { AlertFilter, Indicator, Labels } from "@wsight/protocol";
import type { WindowGroup } from "../../current/window-view.ts";
import { emptyRow, type Figure, type FigureRow, keyOf } from "./figure.ts";
import type { Folded } from "./fold.ts";
import { type Part, Term, type WindowSource } from "./term.ts";

interface OfNode {
  readonly of: Part[];
  readonly per: Part[];
}

interface Members {
  readonly row: FigureRow;
  readonly nodes: Map<string, OfNode>;
}

/**
 * Figures made from what each node has: a quotient adds up the nodes that have
 * both sides, a spread compares the largest node with the mean of all.
 */
export class NodeFigure implements Figure {
  readonly by: readonly string[];
  readonly #inner: readonly string[];
  readonly #kind: Indicator["kind"];
  readonly #of: readonly Term[];
  readonly #per: readonly Term[];
  readonly #seconds: number;
  readonly #folded: Folded = { value: 0, samples: 0 };
  #seen: readonly (readonly WindowGroup[])[] = [];
  #members: ReadonlyMap<string, Members> = new Map();
  #rows: readonly FigureRow[] = [];

  constructor(source: WindowSource, indicator: Indicator, filter: AlertFilter, by: readonly string[], seconds: number) {
    this.by = by;
    this.#kind = indicator.kind;
    this.#inner = by.includes("node") ? by : [...by, "node"];
    this.#of = indicator.of.map((term) => new Term(source, term, filter, this.#inner));
    this.#per = indicator.per.map((term) => new Term(source, term, filter, this.#inner));
    this.#seconds = seconds;
  }

  rows(second: number): readonly FigureRow[] {
    this.#align();
    for (const members of this.#members.values()) {
      if (this.#kind === "spread") this.#spread(members, second);
      else this.#quotient(members, second);
    }
    return this.#rows;
  }

  groups(key: string): readonly WindowGroup[] {
    this.#align();
    return [...(this.#members.get(key)?.nodes.values() ?? [])].flatMap(({ of, per }) =>
      [...of, ...per].map(([, group]) => group),
    );
  }

  #quotient({ row, nodes }: Members, second: number): void {
    let above = 0;
    let below = 0;
    row.samples = 0;
    for (const { of, per } of nodes.values()) {
      const one = this.#sum(of, second);
      const { samples } = this.#folded;
      const other = this.#sum(per, second);
      if (one !== one || !(other > 0)) continue;
      above += one;
      below += other;
      row.samples = Math.max(row.samples, samples);
    }
    row.value = below > 0 ? above / below : Number.NaN;
  }

  #spread({ row, nodes }: Members, second: number): void {
    let sum = 0;
    let largest = 0;
    let known = 0;
    for (const { of } of nodes.values()) {
      const value = this.#sum(of, second);
      if (value !== value) continue;
      known++;
      sum += value;
      largest = Math.max(largest, value);
    }
    // What there is to be spread: of few things some node always has most.
    row.samples = Math.round(sum);
    row.value = sum > 0 ? (largest * known) / sum : Number.NaN;
  }

  /** NaN when none is known. */
  #sum(parts: readonly Part[], second: number): number {
    const folded = this.#folded;
    let sum = Number.NaN;
    for (const [term, group] of parts) {
      term.read(group, second, this.#seconds, folded);
      if (folded.value === folded.value) sum = sum === sum ? sum + folded.value : folded.value;
    }
    return sum;
  }

  #align(): void {
    const terms = [...this.#of, ...this.#per];
    if (this.#seen.length > 0 && terms.every((term, i) => term.groups() === this.#seen[i])) return;
    const members = new Map<string, Members>();
    for (const [side, list] of [
      ["of", this.#of],
      ["per", this.#per],
    ] as const) {
      for (const term of list) for (const group of term.groups()) this.#place(members, side, [term, group]);
    }
    this.#seen = terms.map((term) => term.groups());
    this.#members = members;
    this.#rows = [...members.values()].map(({ row }) => row);
  }

  #place(members: Map<string, Members>, side: "of" | "per", part: Part): void {
    const [, group] = part;
    const key = keyOf(group.labels, this.by);
    let member = members.get(key);
    if (member === undefined) {
      const labels: Labels = Object.fromEntries(this.by.map((name) => [name, group.labels[name] ?? ""]));
      member = { row: this.#members.get(key)?.row ?? emptyRow(key, labels), nodes: new Map() };
      members.set(key, member);
    }
    let node = member.nodes.get(group.key);
    if (node === undefined) {
      node = { of: [], per: [] };
      member.nodes.set(group.key, node);
    }
    node[side].push(part);
  }
}
