import { readFileSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { type KernelUnits, parseKernelUnits } from "../collectors/proc/kernel-units.ts";
import { type ProcessStat, parseProcessStat } from "../collectors/proc/process-stat.ts";
import { type Allowance, createPacer } from "./pacer.ts";
import { type ListedProcess, type ProcessList, type ProcessReader, printableName } from "./process-list.ts";

/** Processes that are looked at; further ones are only counted. */
const MAX_PROCESSES = 20_000;
/** A list stands at least so long, ms: two pages of one second belong together. */
const STANDS_MS = 500;
/** And so many times as long as the look took: then that is a twentieth of the event loop's time at most. */
const STANDS_TIMES = 20;
/** Names that come from the directory at once. */
const NAMES_AT_ONCE = 256;

const STATES: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "waiting",
  I: "idle",
  T: "stopped",
  t: "traced",
  Z: "zombie",
  X: "dead",
  x: "dead",
};

/** What is remembered of a process for the next look. */
interface Seen {
  readonly startTicks: number;
  readonly ticks: number;
  /** Monotonic, ms. */
  readonly at: number;
}

/** What the kernel does not change while it runs. */
interface Kernel extends KernelUnits {
  /** ms epoch. */
  readonly bootAt: number;
}

/**
 * Lists processes by `/proc/PID/stat`, in slices: name, state and figures,
 * which everybody may see. Arguments and environments are never opened. A process that ends while it is looked at is left out.
 */
export function procProcesses(context: {
  readonly allowance: Allowance;
  readonly now: () => number;
  readonly hr: () => number;
}): ProcessReader {
  const { allowance, now, hr } = context;
  let kernel: Kernel | undefined;
  let before: { readonly at: number; readonly seen: ReadonlyMap<number, Seen> } | null = null;
  return {
    forget() {
      before = null;
    },
    async read(wanted): Promise<ProcessList | null> {
      const { pids, total } = await listPids();
      if (!wanted()) return null;
      kernel ??= readKernel();
      const at = now();
      const begin = hr();
      const spentBefore = allowance.spentMs();
      const seen = new Map<number, Seen>();
      const rows: ListedProcess[] = [];
      const pacer = createPacer(hr, allowance);
      for (const pid of pids) {
        if (pacer.due()) {
          await pacer.pause();
          if (!wanted()) return null;
        }
        const stat = readStat(pid);
        if (stat === null) continue;
        const now: Seen = { startTicks: stat.startTicks, ticks: stat.ticks, at: hr() };
        rows.push(rowOf(stat, kernel, cpuSince(before, stat.pid, now, kernel.ticksPerSecond)));
        seen.set(stat.pid, now);
      }
      pacer.end();
      before = { at: begin, seen };
      const standsMs = Math.max(STANDS_MS, (allowance.spentMs() - spentBefore) * STANDS_TIMES);
      return { at, total, rows, standsMs };
    },
  };
}

async function listPids(): Promise<{ pids: string[]; total: number }> {
  const pids: string[] = [];
  let total = 0;
  for await (const { name } of await opendir("/proc", { bufferSize: NAMES_AT_ONCE })) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    total++;
    if (pids.length < MAX_PROCESSES) pids.push(name);
  }
  return { pids, total };
}

function readKernel(): Kernel {
  const words = process.arch === "arm" || process.arch === "ia32" ? 4 : 8;
  const units = parseKernelUnits(readFileSync("/proc/self/auxv"), words);
  const [, boot] = /^btime (\d+)/m.exec(readFileSync("/proc/stat", "utf8")) ?? [];
  return { ...units, bootAt: Number(boot ?? 0) * 1000 };
}

function readStat(pid: string): ProcessStat | null {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null;
  }
}

function rowOf(stat: ProcessStat, kernel: Kernel, cpu: number | null): ListedProcess {
  return {
    pid: stat.pid,
    parent: stat.parent,
    name: printableName(stat.name),
    state: STATES[stat.state] ?? stat.state.slice(0, 8),
    cpu,
    memoryBytes: stat.residentPages * kernel.pageBytes,
    threads: stat.threads,
    startedAt: kernel.bootAt + Math.round((stat.startTicks * 1000) / kernel.ticksPerSecond),
  };
}

/** Share of one core since the look before; of a process that began since then, over the same time. A pid that was given anew is another process. */
function cpuSince(
  before: { readonly at: number; readonly seen: ReadonlyMap<number, Seen> } | null,
  pid: number,
  now: Seen,
  ticksPerSecond: number,
): number | null {
  if (before === null) return null;
  const known = before.seen.get(pid);
  const same = known !== undefined && known.startTicks === now.startTicks ? known : { ticks: 0, at: before.at };
  const elapsedSeconds = (now.at - same.at) / 1000;
  if (!(elapsedSeconds > 0)) return null;
  return Math.max(0, now.ticks - same.ticks) / ticksPerSecond / elapsedSeconds;
}
