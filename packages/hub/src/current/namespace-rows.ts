import type { Labels, NamespaceRow } from "@wsight/protocol";
import { readingOf } from "./figures.ts";
import { RATE_SECONDS, rateOfGroup, windowOfGroup } from "./group-figures.ts";
import type { NodeState } from "./node-state.ts";
import { type SeriesGroup, SeriesGroups } from "./series-groups.ts";
import type { SeriesIndex } from "./series-index.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";
import type { TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";
import type { WindowShelf } from "./window-shelf.ts";

const MAX_ROWS = 100;

const byNamespace = ({ namespace }: Labels): string | null => namespace ?? null;

/** Makes the rows of the `namespaces` table. */
export class NamespaceRows {
  readonly #sockets: SeriesGroups<TrackedGauge>;
  readonly #rooms: SeriesGroups<TrackedGauge>;
  readonly #broadcasts: SeriesGroups<TrackedCounter>;
  readonly #durations: SeriesGroups<TrackedHistogram>;
  readonly #recipients: SeriesGroups<TrackedHistogram>;
  readonly #windows: WindowShelf;

  constructor(index: SeriesIndex, windows: WindowShelf) {
    this.#windows = windows;
    this.#sockets = new SeriesGroups(index, "socketio.namespace.sockets", byNamespace);
    this.#rooms = new SeriesGroups(index, "socketio.rooms", byNamespace);
    this.#broadcasts = new SeriesGroups(index, "websocket.server.broadcasts", byNamespace);
    this.#durations = new SeriesGroups(index, "websocket.server.broadcast.duration", byNamespace);
    this.#recipients = new SeriesGroups(index, "websocket.server.broadcast.fanout", byNamespace);
  }

  /** The namespaces with most sockets, over all nodes. */
  rows(second: number): readonly NamespaceRow[] {
    const rows: NamespaceRow[] = [];
    for (const [namespace, group] of this.#sockets.all) {
      const sockets = readings(group, second);
      if (sockets.nodes > 0) rows.push(this.#row(namespace, sockets, second));
    }
    rows.sort(
      (a, b) => sharedLast(a.namespace, b.namespace) || b.sockets - a.sockets || compareNames(a.namespace, b.namespace),
    );
    return firstRows(rows, MAX_ROWS, ({ namespace }) => namespace);
  }

  #row(namespace: string, sockets: Readings, second: number): NamespaceRow {
    return {
      namespace,
      sockets: sockets.sum,
      nodes: sockets.nodes,
      rooms: readings(this.#rooms.all.get(namespace), second).sum,
      broadcastRate: rateOfGroup(this.#broadcasts.all.get(namespace), second, RATE_SECONDS),
      recipientsP50: this.#quantile(this.#recipients, namespace, 0.5, second),
      broadcastP95: this.#quantile(this.#durations, namespace, 0.95, second),
    };
  }

  #quantile(groups: SeriesGroups<TrackedHistogram>, namespace: string, q: number, second: number): number | null {
    return windowOfGroup(this.#windows, groups, namespace, second)?.quantile(q) ?? null;
  }
}

interface Readings {
  readonly sum: number;
  /** Different nodes whose reading is known. */
  readonly nodes: number;
}

function readings(group: SeriesGroup<TrackedGauge> | undefined, second: number): Readings {
  const nodes = new Set<NodeState>();
  let sum = 0;
  for (const placed of group?.placed ?? []) {
    const value = readingOf(placed, second);
    if (value !== value) continue;
    nodes.add(placed.node);
    sum += value;
  }
  return { sum, nodes: nodes.size };
}
