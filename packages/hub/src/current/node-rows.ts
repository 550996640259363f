import type { NodeRow, Selector } from "@wsight/protocol";
import type { CompiledSelectors } from "../current-view.ts";
import type { NodeState } from "./node-state.ts";
import type { Timeline } from "./timeline.ts";

/** What a row says beyond what the node itself said, in the order of the row's fields below. */
const FIGURES = [
  { metric: "websocket.server.active_connections", agg: "sum" },
  { metric: "websocket.server.messages", agg: "rate" },
  { metric: "nodejs.eventloop.lag", agg: "p99" },
  { metric: "process.cpu.utilization", agg: "last" },
  { metric: "process.memory.usage", agg: "last" },
  { metric: "wsight.probe.cpu", agg: "rate", window: 10 },
  { metric: "wsight.probe.memory", agg: "last" },
  { metric: "wsight.probe.sink.dropped", agg: "total" },
  { metric: "wsight.probe.series.dropped", agg: "total" },
  { metric: "wsight.probe.hook.errors", agg: "total" },
  { metric: "websocket.server.errors", agg: "rate", window: 60 },
  { metric: "system.cpu.utilization", agg: "last" },
  { metric: "system.memory.utilization", agg: "last" },
  { metric: "v8js.gc.duration", agg: "rate", window: 10 },
  { metric: "v8js.gc.duration", agg: "mean", window: 10 },
  { metric: "v8js.memory.heap.used", agg: "last" },
  { metric: "v8js.memory.heap.limit", agg: "last" },
  { metric: "process.open_file_descriptor.count", agg: "last" },
  { metric: "process.open_file_descriptor.limit", agg: "last" },
  { metric: "process.thread.count", agg: "last" },
  { metric: "nodejs.eventloop.utilization", agg: "last" },
] as const satisfies readonly Selector[];
/** Where the figures of the process and its host begin. */
const OF_SYSTEM = 11;

/** Makes the rows of the `nodes` table. */
export class NodeRows {
  readonly #timeline: Timeline;
  readonly #compile: (selectors: readonly Selector[]) => CompiledSelectors;
  readonly #figures = new WeakMap<NodeState, CompiledSelectors>();

  constructor(timeline: Timeline, compile: (selectors: readonly Selector[]) => CompiledSelectors) {
    this.#timeline = timeline;
    this.#compile = compile;
  }

  /** All nodes: the live first, then by name. */
  rows(nodes: Iterable<NodeState>, now: number): readonly NodeRow[] {
    const rank = { live: 0, silent: 1, gone: 2 } as const;
    return [...nodes]
      .map((node) => this.#row(node, now))
      .sort((a, b) => rank[a.state] - rank[b.state] || (a.node < b.node ? -1 : 1));
  }

  #row(node: NodeState, now: number): NodeRow {
    const { service, instance, startedAt, pid, host, runtime, findings, capacity } = node.hello;
    const state = node.stateAt(now);
    const figures = this.#read(node);
    const [connections, messageRate, lag, cpu, memory, probeCpu, probeMemory, unsent, folded, faults, errors] = figures;
    const [hostCpu, hostMemory, gcRate, gcMean, heap, heapLimit, files, fileLimit, threads, utilization] =
      figures.subarray(OF_SYSTEM);
    const known = (value: number | undefined) => (state === "live" ? orNull(value) : null);
    return {
      node: node.key,
      service,
      instance,
      state,
      lastAt: node.lastAt,
      clockAheadMs: node.clockAheadMs,
      startedAt,
      pid,
      host,
      runtime,
      findings,
      connections: known(connections),
      messageRate: known(messageRate),
      capacity,
      errorsPerMinute: known(errors === undefined ? undefined : errors * 60),
      loopLagP99: known(lag),
      cpu: known(cpu),
      memoryBytes: known(memory),
      hostCpu: known(hostCpu),
      hostMemory: known(hostMemory),
      gcShare: known(gcShareOf(gcRate, gcMean)),
      heapUsedBytes: known(heap),
      heapLimitBytes: known(heapLimit),
      fileDescriptors: known(files),
      fileDescriptorLimit: known(fileLimit),
      threads: known(threads),
      eventLoopUtilization: known(utilization),
      lost: node.lost,
      restarts: node.restarts,
      probeCpu: known(probeCpu),
      probeMemoryBytes: known(probeMemory),
      probeDropped: orZero(unsent) + orZero(folded),
      probeErrors: orZero(faults),
    };
  }

  #read(node: NodeState): Float64Array {
    const { last } = this.#timeline;
    if (last === null) return new Float64Array(FIGURES.length).fill(Number.NaN);
    let figures = this.#figures.get(node);
    if (figures === undefined) {
      figures = this.#compile(FIGURES.map((selector) => ({ ...selector, node: node.key })));
      this.#figures.set(node, figures);
    }
    return figures.evaluate(last * 1000);
  }
}

/** Collections per second times their mean length; where none ran there is a rate of 0, and no mean. */
function gcShareOf(rate: number | undefined, mean: number | undefined): number | undefined {
  return rate === 0 ? 0 : (rate ?? Number.NaN) * (mean ?? Number.NaN);
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function orZero(value: number | undefined): number {
  return orNull(value) ?? 0;
}
