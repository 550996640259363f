import {
  greaterOf,
  type LoadResult,
  type LoadServerSide,
  meanOf,
  mostOf,
  type PoolTestResult,
  type Selector,
  splitLatency,
} from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";

const EVERY_MS = 1000;
/** An event loop that is late by more than this stood still, seconds. */
const STALL_SECONDS = 0.1;
/** Nodes that are looked at one by one. */
const MAX_NODES = 16;
/** Longest window of a series, seconds. */
const MAX_WINDOW = 900;
/** How long figures of a test's last second may take to come in, ms. */
const SETTLE_MS = 2500;
const LOOK_MS = 100;
const LAG = "nodejs.eventloop.lag";
const HANDLER = "websocket.server.handler.duration";

type View = Pick<CurrentView, "table" | "compile" | "forEachSeries" | "at">;

interface Peak {
  readonly before: number;
  connections: number;
  cpu: number | null;
  /** ms. */
  loopLagP99: number | null;
}

/** The processes under test as this hub sees them: what a test's result says of the server's side. */
export class ServerView {
  readonly #view: View;
  readonly #nodes: ReadonlySet<string>;
  readonly #peaks = new Map<string, Peak>();
  readonly #opened: ReadonlyMap<string, number>;
  readonly #library: string;
  readonly #timer: NodeJS.Timeout;
  #hurried = false;

  constructor(view: View, nodes: readonly string[], library: string) {
    this.#view = view;
    this.#nodes = new Set(nodes.slice(0, MAX_NODES));
    this.#library = library;
    this.#opened = this.#count();
    this.#look();
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref();
  }

  /** Puts the server's side into what a load test came to. */
  async complete(result: LoadResult): Promise<LoadResult> {
    await this.#until(() => (this.#view.at ?? 0) > result.endedAt);
    this.#look();
    this.close();
    if (this.#peaks.size === 0) return result;
    const server = this.#serverSide(result);
    const workers = server.nodes.flatMap(({ node, connections }) =>
      connections !== null && connections > 0 ? [{ worker: node, connections }] : [],
    );
    return { ...result, server, workers: result.workers.length > 0 ? result.workers : workers };
  }

  /** Says which process took how many connections, when the servers themselves did not. */
  async completePool(result: PoolTestResult): Promise<PoolTestResult> {
    if (result.knownBy === null) await this.#until(() => sum(this.#gained().values()) >= result.opened);
    this.close();
    const gained = [...this.#gained()].filter(([, connections]) => connections > 0);
    if (result.knownBy !== null || gained.length === 0) return result;
    const workers = gained
      .map(([worker, connections]) => ({ worker, connections }))
      .sort((a, b) => b.connections - a.connections);
    const known = sum(workers.map(({ connections }) => connections));
    const busiest = workers[0]?.connections ?? 0;
    const balance = workers.length < 2 ? null : known / workers.length / busiest;
    const unknown = Math.max(0, result.opened - known);
    return { ...result, knownBy: "wsight", workers, unknown, balance, passed: result.passed && (balance ?? 1) >= 0.5 };
  }

  /** Waits no longer for figures that are on their way. */
  hurry(): void {
    this.#hurried = true;
  }

  /** Looks no more; safe to call twice. */
  close(): void {
    clearInterval(this.#timer);
  }

  #serverSide(result: LoadResult): LoadServerSide {
    const { startedAt, endedAt } = result;
    const seconds = Math.min(MAX_WINDOW, Math.max(1, Math.ceil((endedAt - startedAt) / 1000)));
    const gained = [...this.#peaks].filter(([, { connections, before }]) => connections > before);
    const watched = gained.length > 0 ? gained : [...this.#peaks];
    const names = watched.map(([node]) => node);
    const read = (selector: Omit<Selector, "node" | "window">): readonly number[] =>
      this.#read(names, selector, seconds);
    return {
      node: names.length === 1 ? (names[0] ?? "") : `${names.length} nodes`,
      nodes: watched.map(([node, { connections, before, cpu, loopLagP99 }]) => ({
        node,
        connections: connections - before,
        cpu,
        loopLagP99,
      })),
      loopLagP99: mostOf(read({ metric: LAG, agg: "p99" })),
      handlerP95: mostOf(read({ metric: HANDLER, agg: "p95" })),
      cpu: mostOf(watched.flatMap(([, { cpu }]) => cpu ?? [])),
      stalls: this.#stalls(names, startedAt, endedAt),
      split: splitLatency(
        result,
        meanOf(read({ metric: LAG, agg: "mean" })),
        meanOf(read({ metric: HANDLER, agg: "mean" })),
      ),
    };
  }

  /** Of each node over the last seconds, ms; nothing for those that do not say. */
  #read(nodes: readonly string[], selector: Omit<Selector, "node" | "window">, window: number): readonly number[] {
    const { at } = this.#view;
    if (at === null) return [];
    const values = this.#view.compile(nodes.map((node) => ({ ...selector, node, window }))).evaluate(at);
    return [...values].flatMap((value) => (value === value ? value * 1000 : []));
  }

  /** Seconds of a run in which a loop stood still. */
  #stalls(nodes: readonly string[], startedAt: number, endedAt: number): readonly number[] {
    const worst = this.#view.compile(nodes.map((node) => ({ metric: LAG, agg: "max", node, window: 1 })));
    const first = Math.floor(Math.max(startedAt, endedAt - MAX_WINDOW * 1000) / 1000) * 1000;
    const stalls = new Set<number>();
    for (let at = first; at <= Math.min(endedAt + 1000, this.#view.at ?? 0); at += 1000) {
      // What arrived in a second was measured in the one before.
      const second = Math.floor((at - startedAt) / 1000) - 1;
      const stood = worst.evaluate(at).some((lag) => lag > STALL_SECONDS);
      if (stood && second >= 0) stalls.add(second);
    }
    return [...stalls];
  }

  #look(): void {
    for (const { node, connections, cpu, loopLagP99 } of this.#view.table("nodes")) {
      if (!this.#nodes.has(node)) continue;
      const count = connections ?? 0;
      const peak = this.#peaks.get(node) ?? { before: count, connections: count, cpu: null, loopLagP99: null };
      peak.connections = Math.max(peak.connections, count);
      peak.cpu = greaterOf(peak.cpu, cpu);
      peak.loopLagP99 = greaterOf(peak.loopLagP99, loopLagP99 === null ? null : loopLagP99 * 1000);
      this.#peaks.set(node, peak);
    }
  }

  /** Connections each node has taken since its start. */
  #count(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    this.#view.forEachSeries(({ node, series, value }) => {
      if (!this.#nodes.has(node) || series.metric.name !== "websocket.server.connections") return;
      if (series.labels["ws.library"] !== this.#library || typeof value !== "number") return;
      counts.set(node, (counts.get(node) ?? 0) + value);
    });
    return counts;
  }

  #gained(): ReadonlyMap<string, number> {
    return new Map([...this.#count()].map(([node, count]) => [node, count - (this.#opened.get(node) ?? 0)]));
  }

  async #until(isThere: () => boolean): Promise<void> {
    const until = Date.now() + (this.#nodes.size === 0 ? 0 : SETTLE_MS);
    while (!this.#hurried && !isThere() && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}
