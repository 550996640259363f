import { readFileSync } from "node:fs";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";

/** What the hub's thread has cost since the reading before. */
export interface OwnCost {
  /** Share of one core. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/**
 * Measures this thread: CPU time from the kernel where it tells (Linux), else
 * how busy the event loop was, which counts waiting in a call as work. Memory
 * is the process when the hub is alone in it, else this thread's own heap
 * with what it holds outside, since the process belongs to the application.
 */
export function createOwnCost(): () => OwnCost {
  let cpuMs = readThreadCpuMs();
  let wallMs = performance.now();
  let loop = performance.eventLoopUtilization();
  return () => {
    const before = { cpuMs, wallMs, loop };
    cpuMs = readThreadCpuMs();
    wallMs = performance.now();
    loop = performance.eventLoopUtilization();
    return { cpu: share(before, { cpuMs, wallMs, loop }), memoryBytes: readMemory() };
  };
}

interface Reading {
  readonly cpuMs: number | null;
  readonly wallMs: number;
  readonly loop: EventLoopUtilization;
}

function share(before: Reading, now: Reading): number {
  const wallMs = Math.max(1, now.wallMs - before.wallMs);
  if (before.cpuMs !== null && now.cpuMs !== null) return Math.max(0, now.cpuMs - before.cpuMs) / wallMs;
  return performance.eventLoopUtilization(now.loop, before.loop).utilization;
}

function readThreadCpuMs(): number | null {
  try {
    // Synchronous on purpose: an asynchronous read runs on another thread and would measure that one.
    const [nanoseconds] = readFileSync("/proc/thread-self/schedstat", "latin1").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    return null;
  }
}

function readMemory(): number {
  if (isMainThread) return process.memoryUsage.rss();
  const heap = getHeapStatistics();
  return heap.total_heap_size + heap.external_memory + heap.malloced_memory;
}
