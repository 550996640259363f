import { type Labels, type OperationRow, OTHER } from "@wsight/protocol";
import { countOfGroup, RATE_SECONDS, rateOfGroup, windowOfGroup } from "./group-figures.ts";
import { type SeriesGroup, SeriesGroups } from "./series-groups.ts";
import type { SeriesIndex } from "./series-index.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";
import type { TrackedHistogram } from "./tracked.ts";
import type { WindowShelf } from "./window-shelf.ts";

const MAX_ROWS = 100;

/** What all operations are ordered by. */
type Busy = Omit<OperationRow, "share" | "p50" | "p95"> & { readonly key: string };

/** Makes the rows of the `operations` table: what is asked of databases and caches, over all clients and nodes. */
export class OperationRows {
  readonly #operations: SeriesGroups<TrackedHistogram>;
  readonly #windows: WindowShelf;

  constructor(index: SeriesIndex, windows: WindowShelf) {
    this.#windows = windows;
    this.#operations = new SeriesGroups(index, "db.client.operation.duration", (labels) => fieldsOf(labels).join("\n"));
  }

  /** The busiest operations, `_other` last. */
  rows(second: number): readonly OperationRow[] {
    const all: Busy[] = [];
    for (const group of this.#operations.all.values()) {
      const busy = busyOf(group, second);
      if (busy !== null) all.push(busy);
    }
    all.sort(busierFirst);
    const whole = new Map<string, number>();
    for (const { system, rate } of all) whole.set(system, (whole.get(system) ?? 0) + rate);
    return firstRows(all, MAX_ROWS, nameOf).map((busy) => this.#row(busy, whole.get(busy.system) ?? 0, second));
  }

  #row({ key, ...busy }: Busy, whole: number, second: number): OperationRow {
    const window = windowOfGroup(this.#windows, this.#operations, key, second);
    return {
      ...busy,
      share: whole > 0 ? busy.rate / whole : 0,
      p50: window?.quantile(0.5) ?? null,
      p95: window?.quantile(0.95) ?? null,
    };
  }
}

function fieldsOf(labels: Labels): readonly string[] {
  return ["db.system.name", "db.operation.name", "db.collection.name", "db.operation.kind"].map(
    (name) => labels[name] ?? "",
  );
}

/** `null` when the processes that had it are gone. */
function busyOf(group: SeriesGroup<TrackedHistogram>, second: number): Busy | null {
  const total = countOfGroup(group, second);
  const rate = rateOfGroup(group, second, RATE_SECONDS);
  if (total === null && rate === 0) return null;
  const [system = "", operation = "", collection = "", kind = ""] = group.key.split("\n");
  return { key: group.key, system, operation, collection, kind, rate, total: total ?? 0 };
}

function busierFirst(a: Busy, b: Busy): number {
  return sharedLast(nameOf(a), nameOf(b)) || b.rate - a.rate || b.total - a.total || compareNames(a.key, b.key);
}

/** What shares a place may do so by its operation or by its model. */
function nameOf({ operation, collection }: Busy): string {
  return operation === OTHER ? OTHER : collection;
}
