import type { ConnectionSort } from "@wsight/protocol";
import type { ConnectionState } from "../connections.ts";
import { type Found, idOf } from "./found.ts";
import type { ConnectionRate } from "./message-rates.ts";
import type { Pacer } from "./pacer.ts";

/** What connections are ordered by; `null` comes last in both directions. */
export type SortKey = number | string | null;

/** A connection with its place in an order. */
export interface Placed extends Found {
  readonly key: SortKey;
}

/** Negative when `a` comes before `b`. */
export type Compare<T = Placed> = (a: T, b: T) => number;

/** What a key is made of. */
export interface KeyParts {
  readonly found: Found;
  readonly state: ConnectionState;
  readonly rateOf: (slot: number, state: ConnectionState) => ConnectionRate;
}

/** How each order finds its key: the same figures as `compareConnections` of the protocol takes from rows. */
export const SORT_KEYS: { readonly [S in ConnectionSort]: (parts: KeyParts) => SortKey } = {
  opened: ({ state }) => state.openedAt,
  id: ({ found }) => idOf(found),
  user: ({ state }) => state.user,
  in: ({ found, state, rateOf }) => rateOf(found.slot, state).inRate,
  out: ({ found, state, rateOf }) => rateOf(found.slot, state).outRate,
  buffered: ({ found }) => found.look.bufferedBytes(found.connection),
  bufferedHigh: ({ state }) => state.bufferedHighBytes,
  rtt: ({ state }) => state.rttMs,
  messages: ({ state }) => state.messagesIn + state.messagesOut,
  bytes: ({ state }) => state.bytesIn + state.bytesOut,
  lastIn: ({ state }) => state.lastInAt,
  lastOut: ({ state }) => state.lastOutAt,
};

/** The order as the protocol says it: equals go by their number, lowest first. */
export function comparePlaced(descending: boolean): Compare {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (a.key === b.key) return a.serial - b.serial;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    return a.key < b.key ? -sign : sign;
  };
}

/** The first so many of an order, whatever comes: a heap with the last of them on top. */
export class FirstOf<T = Placed> {
  readonly #heap: T[] = [];
  readonly #size: number;
  readonly #compare: Compare<T>;

  constructor(size: number, compare: Compare<T>) {
    this.#size = size;
    this.#compare = compare;
  }

  /** True when it belongs to the first as they are. */
  wants(placed: T): boolean {
    if (this.#heap.length < this.#size) return true;
    return this.#size > 0 && this.#compare(placed, this.#heap[0] as T) < 0;
  }

  /** Takes one in that is wanted. */
  take(placed: T): void {
    if (this.#heap.length < this.#size) this.#rise(this.#heap.push(placed) - 1);
    else {
      this.#heap[0] = placed;
      this.#sink();
    }
  }

  /** Those taken in, in order. */
  sorted(): T[] {
    return this.#heap.sort(this.#compare);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (this.#compare(heap[at] as T, heap[above] as T) <= 0) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      let last = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < heap.length && this.#compare(heap[below] as T, heap[last] as T) > 0) last = below;
      }
      if (last === at) return;
      this.#swap(at, last);
      at = last;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a] as T;
    heap[a] = heap[b] as T;
    heap[b] = kept;
  }
}

/** Length of the runs that a merge begins with: short enough to be sorted in one go. */
const RUN = 512;
/** Steps between two looks at the clock. */
const STRIDE = 256;

/** Sorts without holding the event loop: short runs, then merges that may pause. */
export async function sortInSlices<T>(list: readonly T[], compare: Compare<T>, pacer: Pacer): Promise<T[]> {
  let from: T[] = [];
  for (let at = 0; at < list.length; at += RUN) {
    from.push(...list.slice(at, at + RUN).sort(compare));
    if (pacer.due()) await pacer.pause();
  }
  for (let width = RUN; width < from.length; width *= 2) {
    const into: T[] = [];
    for (let at = 0; at < from.length; at += 2 * width) await merge(from, at, width, into, compare, pacer);
    from = into;
  }
  return from;
}

/** Merges two neighbouring runs of `width` at `start`. */
async function merge<T>(
  from: readonly T[],
  start: number,
  width: number,
  into: T[],
  compare: Compare<T>,
  pacer: Pacer,
): Promise<void> {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(middle + width, from.length);
  let left = start;
  let right = middle;
  for (let step = 1; left < middle || right < end; step++) {
    const takeLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0);
    into.push(from[takeLeft ? left++ : right++] as T);
    if (step % STRIDE === 0 && pacer.due()) await pacer.pause();
  }
}
