import type { ProbeContext } from "../integration.ts";

/** CPU, memory and uptime of the process, read from Node itself at every snapshot. */
export function collectProcess(context: ProbeContext): () => void {
  const { registry, hr } = context;
  let cpuBefore = process.cpuUsage();
  let at = hr();
  const ends = [
    registry.gauge("process.cpu.utilization", {}, () => {
      const now = hr();
      const { user, system } = process.cpuUsage(cpuBefore);
      const elapsedUs = (now - at) * 1000;
      if (elapsedUs <= 0) return Number.NaN;
      cpuBefore = process.cpuUsage();
      at = now;
      return (user + system) / elapsedUs;
    }),
    registry.gauge("process.memory.usage", {}, () => process.memoryUsage.rss()),
    registry.gauge("process.uptime", {}, () => process.uptime()),
    registry.gauge("v8js.memory.heap.used", {}, () => process.memoryUsage().heapUsed),
  ];
  return () => {
    for (const end of ends) end();
  };
}
