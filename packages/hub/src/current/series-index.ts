import { type Labels, labelsMatch } from "@wsight/protocol";
import type { BucketLog } from "./bucket-log.ts";
import type { NodeState } from "./node-state.ts";
import { Shares } from "./shares.ts";
import type { Tracked } from "./tracked.ts";

/** A series and the process it belongs to. */
export interface Placed<T extends Tracked = Tracked> {
  readonly node: NodeState;
  readonly tracked: T;
}

interface Shelf {
  version: number;
  placed: Placed[];
}

/** All series of all nodes, by metric; bounded by `maxSeries`, and those of one service by its share of them. */
export class SeriesIndex {
  readonly #shares: Shares;
  readonly #shelves = new Map<string, Shelf>();

  constructor(maxSeries: number) {
    this.#shares = new Shares(maxSeries);
  }

  /** Series held. */
  get size(): number {
    return this.#shares.used;
  }

  /** Adds a series; false when there is no room. */
  add(node: NodeState, tracked: Tracked): boolean {
    if (!this.#shares.take(node.hello.service, 1)) return false;
    const shelf = this.#shelf(tracked.series.metric.name);
    shelf.placed.push({ node, tracked });
    shelf.version++;
    return true;
  }

  /** Forgets the series that `leaves` picks. */
  remove(leaves: (placed: Placed) => boolean): void {
    for (const shelf of this.#shelves.values()) {
      const staying = shelf.placed.filter((placed) => {
        const left = leaves(placed);
        if (left) this.#shares.take(placed.node.hello.service, -1);
        return !left;
      });
      if (staying.length === shelf.placed.length) continue;
      shelf.placed = staying;
      shelf.version++;
    }
  }

  /** Series of a metric as they stand. */
  of<T extends Tracked = Tracked>(metric: string): readonly Placed<T>[] {
    // The caller knows the kind of the metric, and with it the kind of all its series.
    return (this.#shelves.get(metric)?.placed ?? []) as readonly Placed[] as unknown as readonly Placed<T>[];
  }

  /** A number that changes whenever series of the metric come or go. */
  version(metric: string): number {
    return this.#shelf(metric).version;
  }

  /** Visits every series. */
  forEach(visit: (placed: Placed) => void): void {
    for (const shelf of this.#shelves.values()) for (const placed of shelf.placed) visit(placed);
  }

  #shelf(metric: string): Shelf {
    let shelf = this.#shelves.get(metric);
    if (shelf === undefined) {
      shelf = { version: 0, placed: [] };
      this.#shelves.set(metric, shelf);
    }
    return shelf;
  }
}

/** Which series are meant. */
export interface SetFilter {
  readonly metric: string;
  readonly where?: Labels | undefined;
  /** `service/instance`. */
  readonly node?: string | undefined;
}

/** The series that match a filter, looked up anew only when series came or went. */
export class SeriesSet<T extends Tracked = Tracked> {
  readonly #index: SeriesIndex;
  readonly #filter: SetFilter;
  #version = -1;
  #placed: readonly Placed<T>[] = [];
  #logs: readonly BucketLog[] = [];

  /** The caller's word that the metric is of kind `T`. */
  constructor(index: SeriesIndex, filter: SetFilter) {
    this.#index = index;
    this.#filter = filter;
  }

  /** The matching series. */
  get placed(): readonly Placed<T>[] {
    this.#refresh();
    return this.#placed;
  }

  /** Logs of the matching distributions. */
  get logs(): readonly BucketLog[] {
    this.#refresh();
    return this.#logs;
  }

  /** Changes when the set may have changed. */
  get version(): number {
    return this.#index.version(this.#filter.metric);
  }

  #refresh(): void {
    const { version } = this;
    if (version === this.#version) return;
    const { metric, where, node } = this.#filter;
    this.#version = version;
    this.#placed = this.#index
      .of<T>(metric)
      .filter((one) => (node === undefined || one.node.key === node) && labelsMatch(one.tracked.series.labels, where));
    this.#logs = this.#placed.flatMap(({ tracked }) => (tracked.kind === "histogram" ? [tracked.log] : []));
  }
}
