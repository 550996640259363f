import type { Selector } from "@wsight/protocol";
import type { ColorToken } from "../../charts/palette.ts";

/** A gauge, put together as the catalogue says. */
function last(metric: string, where?: Selector["where"]): Selector {
  return { metric, agg: "last", ...(where === undefined ? {} : { where }) };
}

/** The largest of the nodes: what several use together says nothing about any of them. */
function largest(metric: string): Selector {
  return { metric, agg: "max" };
}

function perSecond(metric: string, where: Selector["where"]): Selector {
  return { metric, agg: "rate", ...(where === undefined ? {} : { where }) };
}

/** Names of the page's series. */
type SeriesName =
  | "cpuUser"
  | "cpuSystem"
  | "hostCpu"
  | "rss"
  | "heap"
  | "external"
  | "memoryLimit"
  | "lagP50"
  | "lagP99"
  | "gcMax"
  | "handles"
  | "files"
  | "fileLimit"
  | "load1"
  | "load5"
  | "load15"
  | "cores"
  | "hostMemory"
  | "hostMemoryLimit"
  | "swap"
  | "diskRead"
  | "diskWrite"
  | "netIn"
  | "netOut"
  | "hostProcesses"
  | "hostUptime";

/** Every series of the page but those of single nodes, by what it is called here. */
export const SERIES: Readonly<Record<SeriesName, Selector>> = {
  cpuUser: perSecond("process.cpu.time", { "cpu.mode": "user" }),
  cpuSystem: perSecond("process.cpu.time", { "cpu.mode": "system" }),
  hostCpu: last("system.cpu.utilization"),
  rss: largest("process.memory.usage"),
  heap: largest("v8js.memory.heap.used"),
  external: largest("v8js.memory.external"),
  memoryLimit: last("process.memory.limit"),
  lagP50: { metric: "nodejs.eventloop.lag", agg: "p50" },
  lagP99: { metric: "nodejs.eventloop.lag", agg: "p99" },
  gcMax: { metric: "v8js.gc.duration", agg: "max", window: 60 },
  handles: last("v8js.resource.active"),
  files: last("process.open_file_descriptor.count"),
  fileLimit: last("process.open_file_descriptor.limit"),
  load1: last("system.cpu.load_average.1m"),
  load5: last("system.cpu.load_average.5m"),
  load15: last("system.cpu.load_average.15m"),
  cores: last("system.cpu.logical.count"),
  hostMemory: last("system.memory.usage", { "system.memory.state": "used" }),
  hostMemoryLimit: last("system.memory.limit"),
  swap: last("system.paging.usage", { "system.paging.state": "used" }),
  diskRead: perSecond("system.disk.io", { "disk.io.direction": "read" }),
  diskWrite: perSecond("system.disk.io", { "disk.io.direction": "write" }),
  netIn: perSecond("system.network.io", { "network.io.direction": "receive" }),
  netOut: perSecond("system.network.io", { "network.io.direction": "transmit" }),
  hostProcesses: last("system.process.count"),
  hostUptime: last("system.uptime"),
};

/** How often and how long on average one type of collection ran: their product is its share of time. */
export interface GcType {
  readonly label: string;
  readonly color: ColorToken;
  readonly rate: Selector;
  readonly mean: Selector;
}

function gcType(label: string, type: string, color: ColorToken): GcType {
  const of = (agg: "rate" | "mean"): Selector => ({
    metric: "v8js.gc.duration",
    agg,
    where: { "v8js.gc.type": type },
    window: 10,
  });
  return { label, color, rate: of("rate"), mean: of("mean") };
}

/** Every type V8 tells of. */
export const GC_TYPES: readonly GcType[] = [
  gcType("Minor", "minor", "c1"),
  gcType("Major", "major", "c6"),
  gcType("Incr.", "incremental", "c4"),
  gcType("Weak", "weakcb", "c2"),
];

/** CPU of one node. */
export function cpuOf(node: string): Selector {
  return { metric: "process.cpu.utilization", agg: "last", node };
}
