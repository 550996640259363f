import { contextKeys, part, queueOfKey } from "./contexts.ts";
import type { JobFeatures, KeptNode } from "./estimator.ts";
import { readMixture, readQueue, readRuns, writeMixture, writeQueue, writeRuns } from "./node-bytes.ts";
import { QueueModel } from "./queue-model.ts";
import { RunNode } from "./run-node.ts";

const MOST_QUEUES = 256;
const MIXTURE_KEY = "w\u001f";
const QUEUE_KEY = "q\u001f";

/** All that was learned: nodes by key, and a model for each queue. Those that learned longest ago give way. */
export class NodeShelf {
  readonly #maxNodes: number;
  readonly #nodes = new Map<string, RunNode>();
  readonly #models = new Map<string, QueueModel>();
  readonly #changed = new Set<string>();
  damaged = 0;

  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Nodes of a job's contexts, broadest first; `null` for those that there are not. */
  find(features: JobFeatures): (RunNode | null)[] {
    return contextKeys(features).map((key) => (key === null ? null : (this.#nodes.get(key) ?? null)));
  }

  /** The same, made where they were missing; they count as used and changed. */
  open(features: JobFeatures): (RunNode | null)[] {
    const nodes = contextKeys(features).map((key) => (key === null ? null : this.#use(key)));
    this.#shrink();
    return nodes;
  }

  model(queue: string): QueueModel | null {
    return this.#models.get(part(queue)) ?? null;
  }

  openModel(queue: string): QueueModel {
    const key = part(queue);
    const model = this.#obtain(key);
    this.#models.delete(key);
    this.#models.set(key, model);
    for (const [oldest] of this.#models) {
      if (this.#models.size <= MOST_QUEUES) break;
      this.#models.delete(oldest);
      this.#changedModel(oldest);
    }
    this.#changedModel(key);
    return model;
  }

  takeChanged(limit: number): readonly KeptNode[] {
    const taken: KeptNode[] = [];
    for (const key of this.#changed) {
      if (taken.length >= limit) break;
      this.#changed.delete(key);
      taken.push({ key, bytes: this.#bytes(key) });
    }
    return taken;
  }

  restore(kept: Iterable<KeptNode>): void {
    for (const { key, bytes } of kept) {
      if (bytes !== null && !this.#restoreOne(key, bytes)) this.damaged += 1;
    }
    this.#shrink();
  }

  #use(key: string): RunNode {
    const node = this.#nodes.get(key) ?? new RunNode();
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
    this.#changed.add(key);
    return node;
  }

  #shrink(): void {
    for (const [oldest] of this.#nodes) {
      if (this.#nodes.size <= this.#maxNodes) return;
      this.#nodes.delete(oldest);
      this.#changed.add(oldest);
    }
  }

  #obtain(queue: string): QueueModel {
    const known = this.#models.get(queue);
    if (known !== undefined) return known;
    const model = new QueueModel();
    this.#models.set(queue, model);
    return model;
  }

  #changedModel(queue: string): void {
    this.#changed.add(MIXTURE_KEY + queue);
    this.#changed.add(QUEUE_KEY + queue);
  }

  #bytes(key: string): Uint8Array | null {
    if (key.startsWith(MIXTURE_KEY) || key.startsWith(QUEUE_KEY)) {
      const model = this.#models.get(queueOfKey(key));
      if (model === undefined) return null;
      return key.startsWith(MIXTURE_KEY) ? writeMixture(model) : writeQueue(model);
    }
    const node = this.#nodes.get(key);
    return node === undefined ? null : writeRuns(node);
  }

  #restoreOne(key: string, bytes: Uint8Array): boolean {
    if (key.startsWith(MIXTURE_KEY)) return readMixture(bytes, this.#obtain(queueOfKey(key)));
    if (key.startsWith(QUEUE_KEY)) return readQueue(bytes, this.#obtain(queueOfKey(key)));
    const node = readRuns(bytes);
    if (node === null) return false;
    this.#nodes.set(key, node);
    const model = this.#obtain(queueOfKey(key));
    // Runs are left out that are newer than their queue: should its own bytes be lost, they must not be.
    model.place = Math.max(model.place, node.runs.at(-1)?.place ?? 0);
    return true;
  }
}
