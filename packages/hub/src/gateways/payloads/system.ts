import type { Figure, Selector, SystemMetrics } from "@wsight/protocol";
import type { CompiledSelectors } from "../../current-view.ts";
import { countNodes, statusOf } from "./basic.ts";
import { compileNamed, ms, tidy } from "./figures.ts";
import { listNodes } from "./hosts.ts";
import type { PayloadParts } from "./parts.ts";

/** Cores that are told one by one. */
const MAX_CORES = 64;

/** Prepares `system-metrics`. */
export function createSystem(parts: PayloadParts): () => Omit<SystemMetrics, "timestamp"> {
  const { current, sources, hosts, windows } = parts;
  const { slow: window } = windows;
  const memory = (state: string): Selector => ({
    metric: "system.memory.usage",
    agg: "last",
    where: { "system.memory.state": state },
  });
  const disk = (direction: string): Selector => ({
    metric: "system.disk.io",
    agg: "rate",
    where: { "disk.io.direction": direction },
    window,
  });
  const network = (direction: string): Selector => ({
    metric: "system.network.io",
    agg: "rate",
    where: { "network.io.direction": direction },
    window,
  });
  const read = compileNamed(current, {
    cpu: { metric: "system.cpu.utilization", agg: "last" },
    load1: { metric: "system.cpu.load_average.1m", agg: "last" },
    load5: { metric: "system.cpu.load_average.5m", agg: "last" },
    load15: { metric: "system.cpu.load_average.15m", agg: "last" },
    memoryTotal: { metric: "system.memory.limit", agg: "last" },
    memoryUsed: memory("used"),
    memoryAvailable: memory("available"),
    memoryShare: { metric: "system.memory.utilization", agg: "last" },
    swap: { metric: "system.paging.usage", agg: "last", where: { "system.paging.state": "used" } },
    diskRead: disk("read"),
    diskWritten: disk("write"),
    received: network("receive"),
    sent: network("transmit"),
    uptime: { metric: "system.uptime", agg: "last" },
    processes: { metric: "system.process.count", agg: "last" },
    appCpu: { metric: "process.cpu.utilization", agg: "sum" },
    appMemory: { metric: "process.memory.usage", agg: "sum" },
    appHeap: { metric: "v8js.memory.heap.used", agg: "sum" },
    appLag: { metric: "nodejs.eventloop.lag", agg: "p99" },
    appUptime: { metric: "process.uptime", agg: "max" },
  });
  const readCores = createCores(parts);
  return () => {
    const values = read();
    const { system } = sources();
    const host = hosts.main();
    return {
      status: system.attached > 0 ? system.status : statusOf(countNodes(current)),
      host: { ...host, uptimeSeconds: tidy(values.uptime) ?? tidy(hosts.ownUptime()) },
      hosts: hosts.all(),
      cpu: {
        utilization: tidy(values.cpu),
        cores: readCores(host.cpus),
        loadAverage: {
          oneMinute: tidy(values.load1),
          fiveMinutes: tidy(values.load5),
          fifteenMinutes: tidy(values.load15),
        },
      },
      memory: {
        totalBytes: tidy(values.memoryTotal),
        usedBytes: tidy(values.memoryUsed),
        availableBytes: tidy(values.memoryAvailable),
        utilization: tidy(values.memoryShare),
        swapUsedBytes: tidy(values.swap),
      },
      disk: { readBytesPerSecond: tidy(values.diskRead), writtenBytesPerSecond: tidy(values.diskWritten) },
      network: { receivedBytesPerSecond: tidy(values.received), sentBytesPerSecond: tidy(values.sent) },
      processes: tidy(values.processes),
      application: {
        cpu: tidy(values.appCpu),
        memoryBytes: tidy(values.appMemory),
        heapUsedBytes: tidy(values.appHeap),
        eventLoopLagP99Ms: ms(values.appLag),
        uptimeSeconds: tidy(values.appUptime),
      },
      ...listNodes(current),
    };
  };
}

/** Reads the cores one by one; prepared anew when their number changes. */
function createCores({ current }: PayloadParts): (cores: Figure) => readonly Figure[] | null {
  let prepared = 0;
  let compiled: CompiledSelectors = current.compile([]);
  return (cores) => {
    const count = Math.min(cores ?? 0, MAX_CORES);
    if (count !== prepared) {
      prepared = count;
      compiled = current.compile(Array.from({ length: count }, (_, core) => coreSelector(core)));
    }
    const values = [...compiled.evaluate(current.at ?? 0)].map((value) => tidy(value));
    return values.some((value) => value !== null) ? values : null;
  };
}

function coreSelector(core: number): Selector {
  return { metric: "system.cpu.core.utilization", agg: "last", where: { "cpu.logical_number": String(core) } };
}
