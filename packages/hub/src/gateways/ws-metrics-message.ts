import type { HelloFrame, HubRow, NodeState, ProcessRow, Selector } from "@wsight/protocol";
import type { CompiledSelectors, CurrentView } from "../current-view.ts";
import type { ChosenNode, NodeChoice } from "../processes/node-choice.ts";
import { compileNamed, tidy } from "./payloads/figures.ts";

/** Processes that a message names, those that take most CPU. */
export const TOP_PROCESSES = 10;
/** Nodes and file systems that a message lists, and cores. */
const MAX_NODES = 20;
const MAX_FILE_SYSTEMS = 8;
const MAX_CORES = 64;

/** `null`: not known, which is not zero. */
type Known = number | null;

/** What `/ws/metrics` tells each second. Sizes in bytes, times in seconds, shares 0–1. */
export interface MetricsMessage {
  readonly type: "metrics";
  /** When it was made, ISO 8601. */
  readonly timestamp: string;
  readonly intervalMs: number;
  /** Whose host this is, as `service/instance`; `null` while nobody reports. */
  readonly node: string | null;
  /** Processes that report, at most 20. */
  readonly nodes: readonly { readonly node: string; readonly host: string; readonly state: NodeState }[];
  /** `ok`; `silent`, `gone`: the node does not report now; `no_source`: there is none, or it does not measure its host. */
  readonly status: "ok" | "silent" | "gone" | "no_source";
  readonly host: {
    readonly name: string | null;
    readonly platform: string | null;
    readonly arch: string | null;
    readonly release: string | null;
    readonly cpuModel: string | null;
    readonly uptimeSeconds: Known;
    readonly cpu: {
      readonly utilization: Known;
      /** Each core; `null` when not known. */
      readonly cores: readonly Known[] | null;
      /** Load averages of 1, 5 and 15 minutes. */
      readonly load: readonly [Known, Known, Known];
    };
    readonly memory: {
      readonly totalBytes: Known;
      readonly usedBytes: Known;
      readonly availableBytes: Known;
      readonly utilization: Known;
      readonly swapUsedBytes: Known;
      readonly swapFreeBytes: Known;
    };
    readonly disk: {
      readonly readBytesPerSecond: Known;
      readonly writeBytesPerSecond: Known;
      /** The fullest first, at most 8; `null` when not known. */
      readonly filesystems:
        | readonly {
            readonly mountpoint: string;
            readonly usedBytes: Known;
            readonly freeBytes: Known;
            readonly utilization: Known;
          }[]
        | null;
    };
    readonly network: { readonly receiveBytesPerSecond: Known; readonly transmitBytesPerSecond: Known };
  };
  /** Those that take most CPU; `null` when nobody answered. */
  readonly processes: readonly Pick<ProcessRow, "pid" | "name" | "cpu" | "memoryBytes" | "threads">[] | null;
  readonly processCount: Known;
  /** How the history fares: samples written, dropped, and waiting for a store that is away. */
  readonly storage: Pick<HubRow["store"], "state" | "written" | "dropped"> & { readonly spooled: number };
}

/** What messages are made from. */
export interface MessageParts {
  readonly current: Pick<CurrentView, "at" | "compile" | "table">;
  readonly choice: NodeChoice;
  readonly intervalMs: number;
  readonly storage: () => MetricsMessage["storage"];
  readonly now: () => number;
}

/** Makes messages; what they read of a node is prepared once and kept while the node is streamed. */
export class MessageMaker {
  readonly #parts: MessageParts;
  readonly #hosts = new Map<string, HostFigures>();

  constructor(parts: MessageParts) {
    this.#parts = parts;
  }

  /** As it stands. @param node whose host; `null` when there is none */
  make(node: ChosenNode | null, wanted: string | null, processes: MetricsMessage["processes"]): MetricsMessage {
    const { choice, intervalMs, storage, now } = this.#parts;
    const figures = node === null ? null : this.#figuresOf(node).read();
    const nodes = choice.present().slice(0, MAX_NODES);
    return {
      type: "metrics",
      timestamp: new Date(now()).toISOString(),
      intervalMs,
      node: node?.node ?? wanted,
      nodes: nodes.map(({ node: name, host, state }) => ({ node: name, host, state })),
      status: statusOf(node, figures),
      host: { ...describe(node), ...(figures?.host ?? NOTHING.host) },
      processes,
      processCount: figures?.processCount ?? null,
      storage: storage(),
    };
  }

  /** Forgets nodes that nobody streams any more. */
  keepOnly(nodes: ReadonlySet<string>): void {
    for (const node of this.#hosts.keys()) if (!nodes.has(node)) this.#hosts.delete(node);
  }

  #figuresOf({ node, hostInfo }: ChosenNode): HostFigures {
    let figures = this.#hosts.get(node);
    const cores = Math.min(hostInfo?.cpus ?? 0, MAX_CORES);
    if (figures === undefined || figures.cores !== cores) {
      figures = new HostFigures(this.#parts.current, node, cores);
      this.#hosts.set(node, figures);
    }
    return figures;
  }
}

/** What one node measures of its host. */
interface HostReading {
  readonly host: Omit<MetricsMessage["host"], keyof HostDescription>;
  readonly processCount: Known;
}

type HostDescription = Pick<MetricsMessage["host"], "name" | "platform" | "arch" | "release" | "cpuModel">;

class HostFigures {
  readonly cores: number;
  readonly #current: MessageParts["current"];
  readonly #node: string;
  readonly #read: ReturnType<typeof compileHost>;
  readonly #cores: CompiledSelectors;

  constructor(current: MessageParts["current"], node: string, cores: number) {
    this.#current = current;
    this.#node = node;
    this.cores = cores;
    this.#read = compileHost(current, node);
    this.#cores = current.compile(Array.from({ length: cores }, (_, core) => coreOf(node, core)));
  }

  read(): HostReading {
    const values = this.#read();
    const cores = [...this.#cores.evaluate(this.#current.at ?? 0)].map((value) => tidy(value));
    return {
      processCount: tidy(values.processes),
      host: {
        uptimeSeconds: tidy(values.uptime),
        cpu: {
          utilization: tidy(values.cpu),
          cores: cores.some((value) => value !== null) ? cores : null,
          load: [tidy(values.load1), tidy(values.load5), tidy(values.load15)],
        },
        memory: {
          totalBytes: tidy(values.memory),
          usedBytes: tidy(values.used),
          availableBytes: tidy(values.available),
          utilization: tidy(values.memoryShare),
          swapUsedBytes: tidy(values.swapUsed),
          swapFreeBytes: tidy(values.swapFree),
        },
        disk: {
          readBytesPerSecond: tidy(values.read),
          writeBytesPerSecond: tidy(values.write),
          filesystems: this.#fileSystems(),
        },
        network: {
          receiveBytesPerSecond: tidy(values.receive),
          transmitBytesPerSecond: tidy(values.transmit),
        },
      },
    };
  }

  #fileSystems(): MetricsMessage["host"]["disk"]["filesystems"] {
    const rows = this.#current.table("filesystems").filter(({ node }) => node === this.#node);
    if (rows.length === 0) return null;
    return rows.slice(0, MAX_FILE_SYSTEMS).map(({ mountpoint, usedBytes, freeBytes, utilization }) => ({
      mountpoint,
      usedBytes: tidy(usedBytes),
      freeBytes: tidy(freeBytes),
      utilization: tidy(utilization),
    }));
  }
}

function compileHost(current: MessageParts["current"], node: string) {
  const last = (metric: string, where: Selector["where"] = {}): Selector => ({ metric, agg: "last", where, node });
  const rate = (metric: string, where: NonNullable<Selector["where"]>): Selector => ({
    metric,
    agg: "rate",
    where,
    node,
  });
  const memory = (state: string): Selector => last("system.memory.usage", { "system.memory.state": state });
  const swap = (state: string): Selector => last("system.paging.usage", { "system.paging.state": state });
  const disk = (direction: string): Selector => rate("system.disk.io", { "disk.io.direction": direction });
  const network = (direction: string): Selector => rate("system.network.io", { "network.io.direction": direction });
  return compileNamed(current, {
    cpu: last("system.cpu.utilization"),
    load1: last("system.cpu.load_average.1m"),
    load5: last("system.cpu.load_average.5m"),
    load15: last("system.cpu.load_average.15m"),
    memory: last("system.memory.limit"),
    memoryShare: last("system.memory.utilization"),
    used: memory("used"),
    available: memory("available"),
    swapUsed: swap("used"),
    swapFree: swap("free"),
    read: disk("read"),
    write: disk("write"),
    receive: network("receive"),
    transmit: network("transmit"),
    uptime: last("system.uptime"),
    processes: last("system.process.count"),
  });
}

function coreOf(node: string, core: number): Selector {
  return { metric: "system.cpu.core.utilization", agg: "last", where: { "cpu.logical_number": String(core) }, node };
}

function statusOf(node: ChosenNode | null, figures: HostReading | null): MetricsMessage["status"] {
  if (node === null) return "no_source";
  if (node.state !== "live") return node.state;
  const { cpu, memory } = figures?.host ?? NOTHING.host;
  return cpu.utilization === null && memory.totalBytes === null ? "no_source" : "ok";
}

function describe(node: ChosenNode | null): HostDescription {
  const info: HelloFrame["hostInfo"] = node?.hostInfo;
  return {
    name: node?.host ?? null,
    platform: info?.platform ?? null,
    arch: info?.arch ?? null,
    release: info?.osRelease ?? null,
    cpuModel: info?.cpuModel || null,
  };
}

const NOTHING: HostReading = {
  processCount: null,
  host: {
    uptimeSeconds: null,
    cpu: { utilization: null, cores: null, load: [null, null, null] },
    memory: {
      totalBytes: null,
      usedBytes: null,
      availableBytes: null,
      utilization: null,
      swapUsedBytes: null,
      swapFreeBytes: null,
    },
    disk: { readBytesPerSecond: null, writeBytesPerSecond: null, filesystems: null },
    network: { receiveBytesPerSecond: null, transmitBytesPerSecond: null },
  },
};
