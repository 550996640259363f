import { contextKeys, part, queueOfKey } from "./contexts.ts";
import type { JobFeatures, KeptNode } from "./estimator.ts";
import { readMixture, readQueue, readRuns, writeMixture, writeQueue, writeRuns } from "./node-bytes.ts";
import { QueueModel } from "./queue-model.ts";
import { RecencyMap } from "./recency-map.ts";
import { type PastRun, RunNode } from "./run-node.ts";

const MOST_QUEUES = 256;
const MIXTURE_KEY = "w\u001f";
const QUEUE_KEY = "q\u001f";

/** Runs by queue and place. */
type SharedRuns = Map<string, Map<number, PastRun>>;

/** All that was learned: nodes by key, and a model for each queue. Those that learned longest ago give way. */
export class NodeShelf {
  readonly #maxNodes: number;
  readonly #nodes = new RecencyMap<RunNode>();
  readonly #models = new RecencyMap<QueueModel>();
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
    return contextKeys(features).map((key) => (key === null ? null : this.#nodes.get(key)));
  }

  /** The same, made where they were missing; they count as used and changed. */
  open(features: JobFeatures): (RunNode | null)[] {
    const nodes = contextKeys(features).map((key) => (key === null ? null : this.#use(key)));
    this.#shrink();
    return nodes;
  }

  model(queue: string): QueueModel | null {
    return this.#models.get(part(queue));
  }

  openModel(queue: string): QueueModel {
    const key = part(queue);
    const model = this.#models.use(key, newModel);
    while (this.#models.size > MOST_QUEUES) this.#changedModel(this.#models.dropOldest() ?? "");
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
    const shared: SharedRuns = new Map();
    for (const { key, bytes } of kept) {
      if (bytes !== null && !this.#restoreOne(key, bytes, shared)) this.damaged += 1;
    }
    this.#shrink();
  }

  #use(key: string): RunNode {
    this.#changed.add(key);
    return this.#nodes.use(key, newNode);
  }

  #shrink(): void {
    while (this.#nodes.size > this.#maxNodes) this.#changed.add(this.#nodes.dropOldest() ?? "");
  }

  #changedModel(queue: string): void {
    this.#changed.add(MIXTURE_KEY + queue);
    this.#changed.add(QUEUE_KEY + queue);
  }

  #bytes(key: string): Uint8Array | null {
    if (key.startsWith(MIXTURE_KEY) || key.startsWith(QUEUE_KEY)) {
      const model = this.#models.get(queueOfKey(key));
      if (model === null) return null;
      return key.startsWith(MIXTURE_KEY) ? writeMixture(model) : writeQueue(model);
    }
    const node = this.#nodes.get(key);
    return node === null ? null : writeRuns(node);
  }

  #restoreOne(key: string, bytes: Uint8Array, shared: SharedRuns): boolean {
    if (key.startsWith(MIXTURE_KEY)) return readMixture(bytes, this.#models.use(queueOfKey(key), newModel));
    if (key.startsWith(QUEUE_KEY)) return readQueue(bytes, this.#models.use(queueOfKey(key), newModel));
    const node = readRuns(bytes);
    if (node === null) return false;
    share(node, queueOfKey(key), shared);
    this.#nodes.use(key, () => node);
    const model = this.#models.use(queueOfKey(key), newModel);
    // Runs are left out that are newer than their queue: should its own bytes be lost, they must not be.
    model.place = Math.max(model.place, node.runs.at(-1)?.place ?? 0);
    return true;
  }
}

/** A run is in the bytes of each of its nodes; in memory once is enough. */
function share(node: RunNode, queue: string, shared: SharedRuns): void {
  const known = shared.get(queue) ?? new Map<number, PastRun>();
  shared.set(queue, known);
  node.runs.forEach((run, at) => {
    const same = known.get(run.place);
    // Its name is not in all of them.
    if (same !== undefined && (same.job !== "" || run.job === "")) node.runs[at] = same;
    else known.set(run.place, run);
  });
}

function newNode(): RunNode {
  return new RunNode();
}

function newModel(): QueueModel {
  return new QueueModel();
}
