import { type HelloFrame, MAX_SERIES, type Series, seriesKey, type TableFrame, WsightError } from "@wsight/protocol";
import type { ByteBudget } from "./bucket-log.ts";
import { ListRoom } from "./list-room.ts";
import { NodeState, type SnapshotOutcome } from "./node-state.ts";
import type { SeriesIndex } from "./series-index.ts";
import { Shares } from "./shares.ts";
import type { Timeline } from "./timeline.ts";
import { type Tracked, TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";

/** Most nodes at once. */
const MAX_NODES = 256;
/** A node that is gone is shown for this long. */
const FORGET_AFTER_MS = 900_000;

/** All nodes; bounded, those of one service by its share, and the one that has been gone longest makes room. */
export class Nodes {
  /** Gone nodes that had to make room for new ones. */
  evicted = 0;
  /** Series that found no place. */
  refusedSeries = 0;
  readonly byKey: Map<string, NodeState> = new Map();
  readonly #timeline: Timeline;
  readonly #index: SeriesIndex;
  readonly #budget: ByteBudget;
  readonly #places = new Shares(MAX_NODES);
  readonly #lists = new ListRoom();

  constructor(timeline: Timeline, index: SeriesIndex, budget: ByteBudget) {
    this.#timeline = timeline;
    this.#index = index;
    this.#budget = budget;
  }

  /** The node that says hello, made when it is new. @throws WsightError `BAD_FRAME` when there is no room */
  meet(hello: HelloFrame, now: number): NodeState {
    const key = `${hello.service}/${hello.instance}`;
    const known = this.byKey.get(key);
    if (known !== undefined) {
      if (hello.epoch !== known.hello.epoch) this.#lists.clear(known);
      this.#lists.replace(known, "findings", hello.findings);
      known.meet(hello);
      return known;
    }
    const node = new NodeState(key, hello, this.#timeline, now);
    this.#lists.replace(node, "findings", hello.findings);
    this.#place(node);
    return node;
  }

  /** Takes a list of the node in. @throws WsightError `BAD_FRAME` when there is no room */
  table(node: NodeState, frame: TableFrame): void {
    this.#lists.replace(node, frame.table, frame.rows);
    node.table(frame);
  }

  /** The node's series, made when it is new; `null` when there is no room. */
  track(node: NodeState, series: Series): Tracked | null {
    const key = seriesKey(series.metric.name, series.labels);
    const known = node.series.get(key);
    if (known !== undefined) return known;
    const tracked = this.#make(series, key);
    if (node.series.size >= MAX_SERIES || !this.#index.add(node, tracked)) {
      this.refusedSeries++;
      return null;
    }
    node.series.set(key, tracked);
    return tracked;
  }

  /** Forgets nodes and series that ended longer ago than the history reaches. */
  sweep(now: number): void {
    for (const node of this.byKey.values()) {
      if (node.goneAt !== null && now - node.goneAt > FORGET_AFTER_MS) this.#forget(node);
    }
    const { oldest } = this.#timeline;
    const gone = new Set<Tracked>();
    for (const node of this.byKey.values()) for (const tracked of node.sweep(oldest)) gone.add(tracked);
    if (gone.size > 0) this.#index.remove(({ tracked }) => gone.has(tracked));
  }

  /** Forgets every node. */
  forgetAll(): void {
    for (const node of [...this.byKey.values()]) this.#forget(node);
  }

  #make(series: Series, key: string): Tracked {
    const { slots } = this.#timeline;
    switch (series.metric.kind) {
      case "counter":
        return new TrackedCounter(series, key, slots);
      case "gauge":
        return new TrackedGauge(series, key, slots);
      case "histogram":
        return new TrackedHistogram(series, key, slots, this.#budget);
    }
  }

  #place(node: NodeState): void {
    const { service } = node.hello;
    while (!this.#places.take(service, 1)) {
      const oldest = this.#goneLongest(this.#places.isFull(service) ? service : null);
      if (oldest === undefined) {
        this.#lists.clear(node);
        throw new WsightError("BAD_FRAME", `hello: expected at most ${MAX_NODES} nodes at once, 224 of one service`);
      }
      this.#forget(oldest);
      this.evicted++;
    }
    this.byKey.set(node.key, node);
  }

  /** Of one service, or of all. */
  #goneLongest(service: string | null): NodeState | undefined {
    let oldest: NodeState | undefined;
    for (const node of this.byKey.values()) {
      if (service !== null && node.hello.service !== service) continue;
      if (node.goneAt !== null && node.goneAt < (oldest?.goneAt ?? Infinity)) oldest = node;
    }
    return oldest;
  }

  #forget(node: NodeState): void {
    this.byKey.delete(node.key);
    this.#places.take(node.hello.service, -1);
    this.#lists.clear(node);
    for (const tracked of node.series.values()) if (tracked.kind === "histogram") tracked.log.clear();
    this.#index.remove((placed) => placed.node === node);
  }
}

/** What one link may write: the node it said hello as, until another link says the same hello. */
export class NodeWriter {
  readonly key: string;
  readonly epoch: number;
  readonly #nodes: Nodes;
  readonly #node: NodeState;
  readonly #isCurrent: () => boolean;

  constructor(nodes: Nodes, node: NodeState, isCurrent: (writer: NodeWriter) => boolean) {
    this.key = node.key;
    this.epoch = node.hello.epoch;
    this.#nodes = nodes;
    this.#node = node;
    this.#isCurrent = () => isCurrent(this);
  }

  /** `taken`: another link says that it is this node; `forgotten`: the hub no longer knows the node. */
  get state(): "open" | "taken" | "forgotten" {
    if (this.#nodes.byKey.get(this.key) !== this.#node) return "forgotten";
    return this.#isCurrent() ? "open" : "taken";
  }

  /** See {@link NodeState.seq}. */
  get seq(): number | null {
    return this.#node.seq;
  }

  /** See {@link NodeState.clockAheadMs}. */
  get clockAheadMs(): number | null {
    return this.#node.clockAheadMs;
  }

  /** The series to be named by an id; `null` when there is no room for it. */
  track(series: Series): Tracked | null {
    return this.#nodes.track(this.#node, series);
  }

  /** True while a series handed out earlier is still the one that is read. */
  holds(tracked: Tracked): boolean {
    return this.#node.series.get(tracked.key) === tracked;
  }

  /** See {@link NodeState.apply}. */
  apply(...given: Parameters<NodeState["apply"]>): SnapshotOutcome {
    return this.#node.apply(...given);
  }

  /** See {@link NodeState.retire}. @throws WsightError `BAD_FRAME` */
  retire(tracked: Tracked, into: Tracked): void {
    this.#node.retire(tracked, into);
  }

  /** Replaces a list of the node. @throws WsightError `BAD_FRAME` when there is no room */
  table(frame: TableFrame): void {
    this.#nodes.table(this.#node, frame);
  }

  /** The process said goodbye. */
  leave(now: number): void {
    this.#node.sayBye(now);
  }
}
