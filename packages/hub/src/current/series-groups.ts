import type { Labels } from "@wsight/protocol";
import type { BucketLog } from "./bucket-log.ts";
import type { LogSet } from "./bucket-window.ts";
import type { Placed, SeriesIndex } from "./series-index.ts";
import type { Tracked } from "./tracked.ts";

/** The series of all nodes that make one row of a table. */
export interface SeriesGroup<T extends Tracked = Tracked> extends LogSet {
  readonly key: string;
  readonly placed: readonly Placed<T>[];
}

/**
 * The series of a metric, put together by a key made from their labels. Looked
 * at anew only when series came or went, and then a group that stayed the same
 * keeps its version: one new event name must not make the distributions of all
 * others be merged again.
 */
export class SeriesGroups<T extends Tracked = Tracked> {
  readonly metric: string;
  readonly #index: SeriesIndex;
  readonly #keyOf: (labels: Labels) => string | null;
  #version = -1;
  #groups = new Map<string, SeriesGroup<T>>();

  /** @param keyOf `null` leaves a series out. The caller's word that the metric is of kind `T` */
  constructor(index: SeriesIndex, metric: string, keyOf: (labels: Labels) => string | null) {
    this.metric = metric;
    this.#index = index;
    this.#keyOf = keyOf;
  }

  /** All groups as they stand. */
  get all(): ReadonlyMap<string, SeriesGroup<T>> {
    const version = this.#index.version(this.metric);
    if (version !== this.#version) this.#regroup(version);
    return this.#groups;
  }

  #regroup(version: number): void {
    const members = new Map<string, Placed<T>[]>();
    for (const placed of this.#index.of<T>(this.metric)) {
      const key = this.#keyOf(placed.tracked.series.labels);
      if (key === null) continue;
      const known = members.get(key);
      if (known === undefined) members.set(key, [placed]);
      else known.push(placed);
    }
    const groups = new Map<string, SeriesGroup<T>>();
    for (const [key, placed] of members) {
      const before = this.#groups.get(key);
      const same = before?.placed.length === placed.length && before.placed.every((one, i) => one === placed[i]);
      groups.set(key, same ? before : { key, version, placed, logs: placed.flatMap(logOf) });
    }
    this.#groups = groups;
    this.#version = version;
  }
}

function logOf({ tracked }: Placed): readonly BucketLog[] {
  return tracked.kind === "histogram" ? [tracked.log] : [];
}
