/** What a core can do, but for idling. */
export const CPU_MODES = ["user", "nice", "system", "iowait", "irq", "steal"] as const;
type CpuMode = (typeof CPU_MODES)[number];

/** CPU time by mode, in whatever unit. Time that guests took is in user and nice; `irq` has the soft ones in it. */
export type CpuTicks = { readonly [M in CpuMode | "idle"]: number };

/** Shares of the CPU time between two readings, 0–1. */
export interface CpuShares {
  /** All but idling and waiting for disks, which is idling too. */
  readonly busy: number;
  readonly modes: { readonly [M in CpuMode]: number };
}

/**
 * What was done between two readings; `null` when no time went by, or when the
 * counting began anew. A mode that went back a little (iowait does) counts as nothing.
 */
export function sharesBetween(before: CpuTicks, now: CpuTicks): CpuShares | null {
  const grown = (mode: CpuMode | "idle"): number => Math.max(0, now[mode] - before[mode]);
  const total = CPU_MODES.reduce((sum, mode) => sum + grown(mode), grown("idle"));
  if (!(total > 0)) return null;
  const share = (mode: CpuMode): number => grown(mode) / total;
  const modes = {
    user: share("user"),
    nice: share("nice"),
    system: share("system"),
    iowait: share("iowait"),
    irq: share("irq"),
    steal: share("steal"),
  };
  return { busy: modes.user + modes.nice + modes.system + modes.irq + modes.steal, modes };
}
