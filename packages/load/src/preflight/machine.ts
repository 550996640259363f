import { readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";

/** What this machine lets a load test take; `null` where it does not say. */
export interface Machine {
  /** Open files a process may have. */
  readonly openFiles: number | null;
  /** Ports that connections without one of their own are given. */
  readonly ephemeralPorts: number | null;
  /** Connections to the target that have ended and still hold their ports. */
  readonly timeWait: number | null;
  readonly cores: number;
  /** Processes that ran or wanted to, of the last minute. */
  readonly load: number;
  /** All of 127.0.0.0/8 is this machine. */
  readonly hasLoopbackNet: boolean;
}

/** Fewer connections in TIME_WAIT, to whatever port, are not worth a closer look. */
const FEW_TIME_WAIT = 2000;
/** States of a socket, as /proc/net/tcp writes them. */
const TIME_WAIT = "06";

/** Looks at this machine, about to connect to a port. */
export async function readMachine(port: number): Promise<Machine> {
  const [limits, range, sockets] = await Promise.all(
    ["/proc/self/limits", "/proc/sys/net/ipv4/ip_local_port_range", "/proc/net/sockstat"].map(readText),
  );
  const [low, high] = numbersOf(/^(\d+)\s+(\d+)/, range);
  const [openFiles] = numbersOf(/^Max open files\s+(\d+)/m, limits);
  const [timeWait] = numbersOf(/^TCP:.* tw (\d+)/m, sockets);
  return {
    openFiles: openFiles ?? null,
    ephemeralPorts: low === undefined || high === undefined ? null : high - low + 1,
    timeWait: timeWait === undefined ? null : timeWait < FEW_TIME_WAIT ? 0 : await countTimeWait(port),
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    hasLoopbackNet: process.platform === "linux",
  };
}

/** Ports are held towards one address and port each; those held towards others do not matter. */
async function countTimeWait(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")} ${TIME_WAIT} `;
  return (await readText("/proc/net/tcp")).split(remote).length - 1;
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

function numbersOf(pattern: RegExp, text: string | undefined): readonly number[] {
  return (pattern.exec(text ?? "")?.slice(1) ?? []).map(Number);
}
