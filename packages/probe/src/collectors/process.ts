import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { ProbeContext } from "../integration.ts";
import { Growth } from "./growth.ts";
import { openFiles, openFilesLimit } from "./open-files.ts";
import { leastLimit, limitFiles } from "./proc/memory-limit.ts";
import { parseProcessStat } from "./proc/process-stat.ts";
import { Readings } from "./readings.ts";

/** CPU, memory, heap, threads and descriptors of the process. Returns how to end it. */
export function collectProcess(context: ProbeContext): () => void {
  const { registry } = context;
  const readings = new Readings(registry);
  const ends = [
    registry.gauge("process.cpu.utilization", {}, cpuShare(context)),
    registry.gauge("process.memory.usage", {}, () => process.memoryUsage.rss()),
    registry.gauge("process.uptime", {}, () => process.uptime()),
    registry.gauge("v8js.memory.heap.used", {}, () => getHeapStatistics().used_heap_size),
    context.pull({ name: "process cpu and heap", tier: "fast", budgetMs: 1, read: fastReader(context, readings) }),
    context.pull({ name: "process files and threads", tier: "medium", read: () => readMedium(context, readings) }),
    context.pull({ name: "process memory limit", tier: "slow", read: () => readLimit(readings) }),
    () => readings.end(),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function cpuShare({ hr }: ProbeContext): () => number {
  let before = process.cpuUsage();
  let at = hr();
  return () => {
    const now = hr();
    const { user, system } = process.cpuUsage(before);
    const elapsedUs = (now - at) * 1000;
    if (elapsedUs <= 0) return Number.NaN;
    before = process.cpuUsage();
    at = now;
    return (user + system) / elapsedUs;
  };
}

function fastReader({ registry }: ProbeContext, readings: Readings): () => void {
  const counters = ["user", "system"].map((mode) => registry.counter("process.cpu.time", { "cpu.mode": mode }));
  const time = new Growth(counters);
  const limit = readings.of("v8js.memory.heap.limit");
  const external = readings.of("v8js.memory.external");
  return () => {
    const { user, system } = process.cpuUsage();
    time.take([{ name: "process", values: [user / 1e6, system / 1e6] }]);
    const heap = getHeapStatistics();
    limit.value = heap.heap_size_limit;
    external.value = heap.external_memory;
  };
}

function readMedium({ registry }: ProbeContext, readings: Readings): void {
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
    const labels = { "v8js.heap.space.name": space_name };
    readings.of("v8js.memory.heap.space.used", labels).value = space_used_size;
  }
  const connections = registry.sumGauge("websocket.server.active_connections");
  readings.of("process.open_file_descriptor.count").value = openFiles(connections) ?? Number.NaN;
  readings.of("process.open_file_descriptor.limit").value = openFilesLimit() ?? Number.NaN;
  readings.of("process.thread.count").value = threadCount();
}

function threadCount(): number {
  return parseProcessStat(read("/proc/self/stat"))?.threads ?? Number.NaN;
}

function readLimit(readings: Readings): void {
  const files = limitFiles(read("/proc/self/cgroup"), read("/proc/self/mountinfo"));
  const limit = leastLimit(files.map(read));
  readings.of("process.memory.limit").value = Math.min(limit ?? totalmem(), totalmem());
}

/** What is not there says nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
