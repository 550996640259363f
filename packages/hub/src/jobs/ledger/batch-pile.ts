import type { Pile } from "../../keeping/keep-queue.ts";
import type { JobRecord, LedgerBatch } from "./ledger.ts";

/** Records that may wait to be kept; beyond, the oldest give way. */
const MAX_JOBS = 100_000;
/** Parts of what was learned that may wait. One that gives way is kept when it changes again. */
const MAX_NODES = 40_000;
/** Kept at a time: making them ready holds the hub up for a few milliseconds. */
const PART_JOBS = 500;
const PART_NODES = 500;

/** Several batches as one: the newest record of each life of a job counts, the newest of each node. Bounded. */
export class BatchPile implements Pile<LedgerBatch> {
  /** By life, in the order in which they came last. */
  readonly #jobs = new Map<string, JobRecord>();
  readonly #nodes = new Map<string, Uint8Array | null>();

  get isEmpty(): boolean {
    return this.#jobs.size + this.#nodes.size === 0;
  }

  get size(): number {
    return this.#jobs.size;
  }

  add({ jobs, nodes }: LedgerBatch): number {
    for (const record of jobs) putLast(this.#jobs, `${record.queue}\n${record.id}\n${record.createdAt}`, record);
    for (const { key, bytes } of nodes) putLast(this.#nodes, key, bytes);
    giveWay(this.#nodes, MAX_NODES);
    return giveWay(this.#jobs, MAX_JOBS);
  }

  /** The oldest first. */
  takePart(): BatchPile {
    const part = new BatchPile();
    move(this.#jobs, part.#jobs, PART_JOBS);
    move(this.#nodes, part.#nodes, PART_NODES);
    return part;
  }

  toBatch(): LedgerBatch {
    return {
      jobs: [...this.#jobs.values()],
      nodes: [...this.#nodes].map(([key, bytes]) => ({ key, bytes })),
    };
  }
}

function putLast<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
}

/** Says how many gave way. */
function giveWay(map: Map<string, unknown>, most: number): number {
  const over = Math.max(0, map.size - most);
  let left = over;
  for (const key of map.keys()) {
    if (left-- <= 0) break;
    map.delete(key);
  }
  return over;
}

function move<T>(from: Map<string, T>, to: Map<string, T>, most: number): void {
  for (const [key, value] of from) {
    if (to.size >= most) return;
    to.set(key, value);
    from.delete(key);
  }
}
