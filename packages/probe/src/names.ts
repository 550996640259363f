import { type CountRow, MAX_SPREAD } from "@wsight/protocol";

/** Connections by key: how many keys there are, the largest of them, and how many keys have how many. */
export interface KeyCounts {
  readonly total: number;
  readonly rows: CountRow[];
  /** Keys with 1, 2, 3–4, 5–8, … connections; as long as it needs to be. */
  readonly spread: number[];
}

/** Counts a key with so many connections into its octave. */
export function spreadOut(spread: number[], count: number): void {
  const octave = count <= 1 ? 0 : Math.min(MAX_SPREAD - 1, 32 - Math.clz32(count - 1));
  while (spread.length <= octave) spread.push(0);
  spread[octave] = (spread[octave] as number) + 1;
}

interface Name {
  readonly ref: number;
  readonly key: string;
  count: number;
}

/** Strings that rows refer to by number, with how many rows do; gone with the last of them. */
export class Names {
  readonly #byKey = new Map<string, Name>();
  readonly #byRef = new Map<number, Name>();
  #next = 1;

  /** One more row refers to `key`. Returns its number. */
  take(key: string): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.count++;
      return known.ref;
    }
    while (this.#byRef.has(this.#next)) this.#next = (this.#next % 0xffff_fffe) + 1;
    const name = { ref: this.#next++, key, count: 1 };
    this.#byKey.set(key, name);
    this.#byRef.set(name.ref, name);
    return name.ref;
  }

  /** One row less does. */
  release(ref: number): void {
    const name = this.#byRef.get(ref);
    if (name === undefined || --name.count > 0) return;
    this.#byKey.delete(name.key);
    this.#byRef.delete(ref);
  }

  /** What a number stands for. */
  nameOf(ref: number): string | null {
    return this.#byRef.get(ref)?.key ?? null;
  }

  /** Keys by how many rows refer to them, the largest first. */
  top(limit: number): KeyCounts {
    const rows: CountRow[] = [];
    const spread: number[] = [];
    let least = 0;
    for (const { key, count } of this.#byKey.values()) {
      spreadOut(spread, count);
      if (rows.length === limit && count <= least) continue;
      let at = rows.length;
      while (at > 0 && (rows[at - 1] as CountRow).count < count) at--;
      rows.splice(at, 0, { key, count });
      if (rows.length > limit) rows.pop();
      least = (rows[rows.length - 1] as CountRow).count;
    }
    return { total: this.#byKey.size, rows, spread };
  }

  /** Bytes they take, counted from a usual size. */
  memoryBytes(): number {
    return this.#byKey.size * 180;
  }
}
