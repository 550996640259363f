/** What tells entries with equal keys apart: the larger, the newer. */
interface Numbered {
  readonly number: number;
}

/** Entries with a key each, put in order as far as anybody looks: smallest keys first, of equal ones the newer first. */
export class JobOrder {
  readonly #keys: Float64Array;
  readonly #entries: readonly Numbered[];
  readonly #order: Uint32Array;

  constructor(keys: Float64Array, entries: readonly Numbered[]) {
    this.#keys = keys;
    this.#entries = entries;
    this.#order = new Uint32Array(keys.length);
    for (let i = 0; i < keys.length; i++) this.#order[i] = i;
  }

  /** Places of the entries that come from `from` up to `to`, in order. Takes time by length, not more. */
  window(from: number, to: number): Uint32Array {
    const order = this.#order;
    if (from > 0) this.#divide(from, 0);
    if (to < order.length) this.#divide(to, from);
    return order.subarray(from, to).sort((a, b) => (this.#isBefore(a, b) ? -1 : 1));
  }

  /** Puts the first `count` before all others; those before `from` are there already. */
  #divide(count: number, from: number): void {
    const order = this.#order;
    let low = from;
    let high = order.length - 1;
    while (low < high) {
      const pivot = this.#middleOf(low, high);
      let left = low;
      let right = high;
      while (left <= right) {
        while (this.#isBefore(order[left] as number, pivot)) left++;
        while (this.#isBefore(pivot, order[right] as number)) right--;
        if (left > right) break;
        const swapped = order[left] as number;
        order[left++] = order[right] as number;
        order[right--] = swapped;
      }
      if (count <= right) high = right;
      else if (count > left) low = left;
      else return;
    }
  }

  #middleOf(low: number, high: number): number {
    const first = this.#order[low] as number;
    const middle = this.#order[(low + high) >>> 1] as number;
    const last = this.#order[high] as number;
    const [smaller, larger] = this.#isBefore(first, last) ? [first, last] : [last, first];
    if (this.#isBefore(middle, smaller)) return smaller;
    return this.#isBefore(larger, middle) ? larger : middle;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#keys[a] as number;
    const second = this.#keys[b] as number;
    return first === second ? (this.#entries[a]?.number ?? 0) > (this.#entries[b]?.number ?? 0) : first < second;
  }
}
