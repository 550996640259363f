import type { PackedSeries } from "../pack.ts";
import type { OpenHistory } from "./open-history.ts";

/**
 * Series by the numbers that a caller gives them, so that an append names each
 * of them once and is looked up without their names after that.
 */
export class NamedSeries {
  readonly #names: (PackedSeries | undefined)[] = [];
  /** Numbers in the tables, 0 while not known. */
  #ids: number[] = [];
  #of: { readonly history: OpenHistory; readonly removals: number } | null = null;

  /** Gives a series its number. */
  name(number: number, series: PackedSeries): void {
    this.#names[number] = series;
    this.#ids[number] = 0;
  }

  /** True when all of them were named. */
  hasAll(numbers: Uint32Array): boolean {
    return numbers.every((number) => this.#names[number] !== undefined);
  }

  /** Numbers in the tables; series that are new there get theirs in a transaction of its own. */
  async idsIn(history: OpenHistory, numbers: Uint32Array): Promise<Uint32Array> {
    const { removals } = history.series;
    if (this.#of?.history !== history || this.#of.removals !== removals) {
      this.#ids = [];
      this.#of = { history, removals };
    }
    const unknown = numbers.filter((number) => (this.#ids[number] ?? 0) === 0);
    if (unknown.length > 0) await this.#find(history, [...new Set(unknown)]);
    return numbers.map((number) => this.#ids[number] as number);
  }

  async #find(history: OpenHistory, numbers: readonly number[]): Promise<void> {
    const fresh: PackedSeries[] = [];
    for (const number of numbers) {
      const named = this.#names[number];
      if (named === undefined) continue;
      const id = history.series.find(named);
      if (id === undefined) fresh.push(named);
      else this.#ids[number] = id;
    }
    if (fresh.length === 0) return;
    const ids = await history.tables.addSeries(fresh);
    for (const [index, named] of fresh.entries()) history.series.add({ ...named, id: ids[index] as number });
    await this.#find(history, numbers);
  }
}
