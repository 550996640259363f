import {
  type Backfill,
  greaterOf,
  type LoadServerSide,
  meanOf,
  mostOf,
  type Selector,
  splitLatency,
  type WsightAccess,
} from "@wsight/protocol";
import type { Figures } from "../verdict.ts";
import { readLiveSeries } from "./live-series.ts";
import { type NodeFigures, WsightApi } from "./wsight-api.ts";

const EVERY_MS = 1000;
/** An event loop that is late by more than this stood still, ms. */
const STALL_MS = 100;
/** Nodes whose series are asked for one by one. */
const MAX_NODES = 16;
/** Longest window of a live series, seconds. */
const MAX_WINDOW = 900;
const LAG = "nodejs.eventloop.lag";
const HANDLER = "websocket.server.handler.duration";
/** Figures asked for of each node, in this order. */
const FIGURES = 5;

interface Peak {
  readonly before: number;
  connections: number;
  cpu: number | null;
  loopLagP99: number | null;
}

/** Watches a monitored server while it is under load. */
export class ServerWatch {
  readonly #api: WsightApi;
  readonly #nodes = new Map<string, Peak>();
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  private constructor(api: WsightApi, inQuiet: ReadonlyMap<string, number>) {
    this.#api = api;
    for (const [node, before] of inQuiet)
      this.#nodes.set(node, { before, connections: before, cpu: null, loopLagP99: null });
  }

  /** @throws WsightError `TARGET_FAILED` when the hub does not let us look */
  static async open(access: WsightAccess): Promise<ServerWatch> {
    const api = new WsightApi(access);
    return new ServerWatch(api, await api.connectionsInQuiet());
  }

  /** The run has begun. */
  begin(): void {
    this.#startedAt = Date.now();
    this.#timer = setInterval(() => {
      // A hub that does not answer now may answer in a second; what is missing is missing from the maximum alone.
      this.#api.nodes().then(
        (nodes) => this.#look(nodes),
        () => undefined,
      );
    }, EVERY_MS);
  }

  /** What the server said meanwhile, next to what was measured from outside. */
  async end(figures: Figures): Promise<LoadServerSide> {
    this.close();
    const seconds = Math.min(MAX_WINDOW, Math.max(1, Math.ceil((Date.now() - this.#startedAt) / 1000)));
    const gained = [...this.#nodes].filter(([, peak]) => peak.connections > peak.before);
    const names = (gained.length > 0 ? gained : [...this.#nodes]).map(([node]) => node).slice(0, MAX_NODES);
    const { past, values } = await readLiveSeries(
      this.#api,
      names.flatMap((node) => selectorsOf(node, seconds)),
    );
    const read = (figure: number): number[] =>
      names.map((_, i) => (values[i * FIGURES + figure] ?? Number.NaN) * 1000).filter((ms) => ms === ms);
    const watched = names.map((node) => this.#nodes.get(node)).filter((peak) => peak !== undefined);
    return {
      node: names.length === 1 ? (names[0] ?? "") : `${names.length} nodes`,
      nodes: names.map((node) => this.#nodeOf(node)),
      loopLagP99: mostOf(read(1)),
      handlerP95: mostOf(read(3)),
      cpu: mostOf(watched.flatMap(({ cpu }) => (cpu === null ? [] : [cpu]))),
      stalls: stallsOf(past, names.length, this.#startedAt, seconds),
      split: splitLatency(figures, meanOf(read(0)), meanOf(read(2))),
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #nodeOf(node: string): LoadServerSide["nodes"][number] {
    const peak = this.#nodes.get(node);
    const connections = peak === undefined ? null : peak.connections - peak.before;
    return { node, connections, cpu: peak?.cpu ?? null, loopLagP99: peak?.loopLagP99 ?? null };
  }

  #look(nodes: readonly NodeFigures[]): void {
    for (const { node, connections, cpu, loopLagP99 } of nodes) {
      const count = connections ?? 0;
      const peak = this.#nodes.get(node) ?? { before: count, connections: count, cpu: null, loopLagP99: null };
      peak.connections = Math.max(peak.connections, count);
      peak.cpu = greaterOf(peak.cpu, cpu);
      peak.loopLagP99 = greaterOf(peak.loopLagP99, loopLagP99);
      this.#nodes.set(node, peak);
    }
  }
}

/** Mean and p99 of the event loop's lag, mean and p95 of handlers over the run; then the loop's worst of each second. */
function selectorsOf(node: string, window: number): readonly Selector[] {
  return [
    { metric: LAG, agg: "mean", node, window },
    { metric: LAG, agg: "p99", node, window },
    { metric: HANDLER, agg: "mean", node, window },
    { metric: HANDLER, agg: "p95", node, window },
    { metric: LAG, agg: "max", node, window: 1 },
  ];
}

/** Seconds of the run in which a loop stood still. */
function stallsOf(past: Backfill | null, nodes: number, startedAt: number, seconds: number): readonly number[] {
  if (past === null) return [];
  const stalls = new Set<number>();
  for (let node = 0; node < nodes; node++) {
    const column = past.columns[node * FIGURES + FIGURES - 1] ?? [];
    for (const [i, lag] of column.entries()) {
      // A sample stands for the second before it.
      const second = Math.floor((past.fromAt + i * past.stepMs - startedAt) / 1000) - 1;
      if (lag * 1000 > STALL_MS && second >= 0 && second < seconds) stalls.add(second);
    }
  }
  return [...stalls].sort((a, b) => a - b);
}
