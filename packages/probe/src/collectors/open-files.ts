import { readdirSync, readFileSync, statSync } from "node:fs";

/** Descriptors that are counted one by one where the kernel does not say how many there are. */
const MAX_LISTED = 2000;

/** The soft limit of this process; `null` when there is none or nobody says. */
export function openFilesLimit(): number | null {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(read("/proc/self/limits")) ?? [];
  return soft === undefined ? null : Number(soft);
}

/**
 * Descriptors open now. Linux tells since 6.2 by the size of a directory;
 * before, they are listed while they are few. `connections`: how many there are at least.
 */
export function openFiles(connections: number): number | null {
  try {
    const { size } = statSync("/proc/self/fd");
    if (size > 0) return size;
    return connections <= MAX_LISTED ? readdirSync("/proc/self/fd").length : null;
  } catch {
    return null;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
