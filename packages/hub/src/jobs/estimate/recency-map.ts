interface Entry<T> {
  readonly key: string;
  readonly value: T;
  older: Entry<T> | null;
  newer: Entry<T> | null;
}

/**
 * A map that knows which of its values was used longest ago. A chain through the entries: to delete and set again
 * in a `Map`, which keeps order as well, costs several times as much once there are thousands.
 */
export class RecencyMap<T> {
  readonly #entries = new Map<string, Entry<T>>();
  #oldest: Entry<T> | null = null;
  #newest: Entry<T> | null = null;

  get size(): number {
    return this.#entries.size;
  }

  /** Does not count as a use. */
  get(key: string): T | null {
    return this.#entries.get(key)?.value ?? null;
  }

  /** The value, made when it is not there; it is the newest then. */
  use(key: string, make: () => T): T {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      if (known !== this.#newest) {
        this.#unlink(known);
        this.#append(known);
      }
      return known.value;
    }
    const entry: Entry<T> = { key, value: make(), older: null, newer: null };
    this.#entries.set(key, entry);
    this.#append(entry);
    return entry.value;
  }

  /** Key of the one that was dropped; `null` when it was empty. */
  dropOldest(): string | null {
    const entry = this.#oldest;
    if (entry === null) return null;
    this.#unlink(entry);
    this.#entries.delete(entry.key);
    return entry.key;
  }

  #append(entry: Entry<T>): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<T>): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }
}
