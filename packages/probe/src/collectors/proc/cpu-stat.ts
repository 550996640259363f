import type { CpuTicks } from "../host/cpu-shares.ts";

/** CPU time of a host since it started, as `/proc/stat` tells it. */
export interface CpuStat {
  /** Over all cores; `null` when the text does not say. */
  readonly all: CpuTicks | null;
  /** By number of the core: those that are online. */
  readonly cores: ReadonlyMap<number, CpuTicks>;
}

/** Reads the lines `cpu` and `cpu0`, `cpu1`, …; those begin the text, and what follows (interrupts, kilobytes of it) is not looked at. */
export function parseCpuStat(text: string): CpuStat {
  const cores = new Map<number, CpuTicks>();
  let all: CpuTicks | null = null;
  for (let from = 0; text.startsWith("cpu", from); ) {
    const end = text.indexOf("\n", from);
    const [name, ...fields] = text.slice(from, end < 0 ? undefined : end).split(/ +/);
    const ticks = ticksOf(fields);
    if (ticks !== null && name === "cpu") all = ticks;
    if (ticks !== null && name !== "cpu") cores.set(Number(name?.slice(3)), ticks);
    if (end < 0) break;
    from = end + 1;
  }
  return { all, cores };
}

/** Old kernels leave columns out at the end; those are nothing then. Guests come after steal, and are part of user and nice. */
function ticksOf(fields: readonly string[]): CpuTicks | null {
  const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields.map(Number);
  if (user === undefined || nice === undefined || system === undefined || idle === undefined) return null;
  const ticks = { user, nice, system, idle, iowait, irq: irq + softirq, steal };
  return Object.values(ticks).every((value) => value >= 0) ? ticks : null;
}
