import type { HostMemory } from "../host/host-readings.ts";

/** Memory and swap of a host, bytes, from `/proc/meminfo`; `null` when the text does not say how much there is. */
export function parseMemoryInfo(text: string): HostMemory | null {
  const fields = new Map<string, number>();
  for (const [, name, kilobytes] of text.matchAll(/^(\w+):\s+(\d+)/gm)) {
    fields.set(name as string, Number(kilobytes) * 1024);
  }
  const total = fields.get("MemTotal");
  const free = fields.get("MemFree");
  if (total === undefined || free === undefined) return null;
  const read = (name: string): number => fields.get(name) ?? 0;
  const buffers = read("Buffers");
  const cached = read("Cached") + read("SReclaimable");
  // Before Linux 3.14: what is free and what could be. Shared memory is in the cache, and can't be given back.
  const available = fields.get("MemAvailable") ?? Math.max(free, free + buffers + cached - read("Shmem"));
  const swapTotal = read("SwapTotal");
  return {
    total,
    available: Math.min(total, available),
    free,
    buffers,
    cached,
    swap: { used: Math.max(0, swapTotal - read("SwapFree")), free: read("SwapFree") },
  };
}
