import { type Labels, labelsMatch } from "@wsight/protocol";
import type { BucketLog } from "./bucket-log.ts";
import type { NodeState } from "./node-state.ts";
import { PacedWindow, ReadAllowance } from "./paced-window.ts";
import type { Placed, SeriesIndex } from "./series-index.ts";
import { LiveNode } from "./window-nodes.ts";
import { GaugeWindow, GrowthWindow } from "./window-series.ts";
import type { SeriesWindows, WindowChoice, WindowDistribution, WindowGroup, WindowSeries } from "./window-view.ts";

interface Members {
  readonly labels: Labels;
  readonly placed: Placed[];
}

/**
 * The series of a choice in their groups. What comes is sorted in by itself;
 * only when something left is all of it looked at again.
 */
export class LiveWindows implements SeriesWindows {
  readonly #index: SeriesIndex;
  readonly #choice: WindowChoice;
  readonly #wanted: ReadonlySet<string> | null;
  #version = -1;
  #seen: readonly Placed[] = [];
  #taken = 0;
  #members: Map<string, Members>;
  readonly #nodes = new Map<NodeState, LiveNode>();
  readonly #groups = new Map<string, LiveGroup>();
  #list: readonly LiveGroup[] = [];
  readonly #allowance = new ReadAllowance();

  constructor(index: SeriesIndex, choice: WindowChoice) {
    this.#index = index;
    this.#choice = choice;
    this.#wanted = choice.nodes === undefined ? null : new Set(choice.nodes);
    this.#members = this.#noMembers();
  }

  groups(): readonly WindowGroup[] {
    const version = this.#index.version(this.#choice.metric);
    if (version !== this.#version) this.#refresh(version);
    return this.#list;
  }

  #refresh(version: number): void {
    const placed = this.#index.of(this.#choice.metric);
    const anew = placed !== this.#seen;
    if (anew) {
      this.#seen = placed;
      this.#taken = 0;
      this.#members = this.#noMembers();
    }
    const changed = new Set<string>(anew || this.#version < 0 ? this.#members.keys() : []);
    for (; this.#taken < placed.length; this.#taken++) this.#take(placed[this.#taken] as Placed, changed);
    for (const key of changed) this.#build(key);
    if (anew) this.#forget();
    this.#list = [...this.#groups.values()];
    this.#version = version;
  }

  /** What is asked of all series together has a group also when there is none. */
  #noMembers(): Map<string, Members> {
    return new Map(this.#choice.by.length === 0 ? [["", { labels: {}, placed: [] }]] : []);
  }

  #take(one: Placed, changed: Set<string>): void {
    const { where, by } = this.#choice;
    if (this.#wanted !== null && !this.#wanted.has(one.node.key)) return;
    if (!labelsMatch(one.tracked.series.labels, where)) return;
    const values = by.map((name) => partOf(one, name));
    const key = values.join("\n");
    let members = this.#members.get(key);
    if (members === undefined) {
      members = { labels: Object.fromEntries(by.map((name, i) => [name, values[i] as string])), placed: [] };
      this.#members.set(key, members);
    }
    members.placed.push(one);
    changed.add(key);
  }

  #build(key: string): void {
    const { labels, placed } = this.#members.get(key) as Members;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new LiveGroup(key, labels, this.#choice.agg, this.#allowance);
      this.#groups.set(key, group);
    }
    group.arrange(this.#arranged(placed));
  }

  /** Those of one node one after the other. */
  #arranged(placed: readonly Placed[]): ReadonlyMap<LiveNode, readonly Placed[]> {
    const byNode = new Map<LiveNode, Placed[]>();
    for (const one of placed) {
      const node = this.#nodeOf(one.node);
      const known = byNode.get(node);
      if (known === undefined) byNode.set(node, [one]);
      else known.push(one);
    }
    return byNode;
  }

  #nodeOf(state: NodeState): LiveNode {
    let node = this.#nodes.get(state);
    if (node === undefined) {
      node = new LiveNode(state);
      this.#nodes.set(state, node);
    }
    return node;
  }

  #forget(): void {
    for (const key of this.#groups.keys()) if (!this.#members.has(key)) this.#groups.delete(key);
    const states = new Set(this.#seen.map(({ node }) => node));
    for (const state of this.#nodes.keys()) if (!states.has(state)) this.#nodes.delete(state);
  }
}

/** One group of a choice; its series change, its windows slide on. */
class LiveGroup implements WindowGroup {
  readonly key: string;
  readonly labels: Labels;
  series: readonly WindowSeries[] = [];
  nodes: readonly LiveNode[] = [];
  #byNode: ReadonlyMap<LiveNode, readonly Placed[]> = new Map();
  #logs: readonly BucketLog[] = [];
  readonly #windows = new Map<number, PacedWindow>();
  readonly #allowance: ReadAllowance;
  readonly #wantsExtremes: boolean;

  constructor(key: string, labels: Labels, agg: WindowChoice["agg"], allowance: ReadAllowance) {
    this.#wantsExtremes = agg === "min" || agg === "max";
    this.key = key;
    this.labels = labels;
    this.#allowance = allowance;
  }

  arrange(byNode: ReadonlyMap<LiveNode, readonly Placed[]>): void {
    const placed = [...byNode.values()].flat();
    const same = placed.length === this.series.length && sameSeries(placed, [...this.#byNode.values()].flat());
    this.#byNode = byNode;
    if (same) return;
    this.nodes = [...byNode.keys()];
    this.series = [...byNode].flatMap(([node, some]) =>
      some.map(({ tracked }) => seriesOf(node, tracked, this.#wantsExtremes)),
    );
    this.#logs = placed.flatMap(({ tracked }) => (tracked.kind === "histogram" ? [tracked.log] : []));
  }

  knownSeconds(second: number, seconds: number): number {
    let most = 0;
    let held = seconds;
    for (const node of this.nodes) {
      most = Math.max(most, node.knownSeconds(second, seconds));
      held = second - node.before(second, seconds);
    }
    // One that was there all the time, as nearly always, says it for all of them.
    if (this.nodes.length <= 1 || most === 0 || most >= held) return most;
    let known = 0;
    for (let s = second - held + 1; s <= second; s++) if (this.nodes.some((node) => node.knownIn(s))) known++;
    return known;
  }

  distribution(second: number, seconds: number): WindowDistribution | null {
    let window = this.#windows.get(seconds);
    if (window === undefined) {
      window = new PacedWindow(seconds);
      this.#windows.set(seconds, window);
    }
    this.#allowance.begin(second);
    return window.moveTo(this.#logs, second, this.#allowance) ? window : null;
  }

  ended(second: number, seconds: number): boolean {
    for (const [{ state }, placed] of this.#byNode) {
      if (state.goneAt !== null && state.saidBye) continue;
      // A process that is not heard of can't tell what it has no more.
      if (!state.presence.known(second)) return false;
      if (placed.some(({ tracked }) => tracked.retiredAt > second - seconds + 1)) return false;
    }
    return this.#byNode.size > 0;
  }
}

function sameSeries(one: readonly Placed[], other: readonly Placed[]): boolean {
  return one.every((placed, i) => placed === other[i]);
}

function seriesOf(node: LiveNode, tracked: Placed["tracked"], wantsExtremes: boolean): WindowSeries {
  return tracked.kind === "gauge" ? new GaugeWindow(node, tracked, wantsExtremes) : new GrowthWindow(node, tracked);
}

function partOf({ node, tracked }: Placed, name: string): string {
  if (name === "node") return node.key;
  if (name === "service") return node.hello.service;
  return tracked.series.labels[name] ?? "";
}
