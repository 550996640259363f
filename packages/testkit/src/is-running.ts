import { existsSync, readFileSync } from "node:fs";

/** Whether a process lives. One that has ended but was not yet collected by the system's first process does not count. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = `/proc/${pid}/stat`;
    return !existsSync(stat) || !readFileSync(stat, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
