import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

/** When this process began, ms epoch: pids are given again. */
const STARTED = Math.round(performance.timeOrigin);

/** A name for who holds leases, another with each call: `HOST PID START ID`. */
export function nameOfProcess(): string {
  return `${hostname()} ${process.pid} ${STARTED} ${randomUUID()}`;
}

/** True when the process of that name is known to have ended: it ran on this machine, and does no longer. */
export function hasEnded(name: string): boolean {
  const [host, pid, started] = name.split(" ");
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return Number(started) !== STARTED;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
