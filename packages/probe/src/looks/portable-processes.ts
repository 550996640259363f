import { availableParallelism } from "node:os";
import { WsightError } from "@wsight/protocol";
import {
  INSTALL_HINT,
  type LoadSystemInformation,
  type SystemInformationLike,
  type SystemProcessLike,
} from "../collectors/host/system-information.ts";
import { type ListedProcess, type ProcessReader, printableName } from "./process-list.ts";

/** A list starts programs of the system, which takes 0.1 s of a core and more: it stands so long, ms. */
const STANDS_MS = 5000;
/** Longest time that is waited for, ms. */
const TIMEOUT_MS = 10_000;
/** Processes that are kept; further ones are only counted. */
const MAX_PROCESSES = 20_000;

/** Lists processes by `systeminformation`, where there is no `/proc`. Of what it tells, arguments, paths and users are dropped at once. */
export function portableProcesses(load: LoadSystemInformation, now: () => number): ProcessReader {
  let isFirst = true;
  let reading: Promise<Awaited<ReturnType<SystemInformationLike["processes"]>>> | undefined;
  return {
    forget() {
      isFirst = true;
    },
    async read() {
      const library = await load();
      if (library === null) throw new WsightError("NOT_FOUND", `no process table: ${INSTALL_HINT}`);
      const at = now();
      // One that is late is not asked again before it has ended.
      reading ??= library.processes().finally(() => {
        reading = undefined;
      });
      const { all, list } = await inTime(reading);
      const share = isFirst ? () => null : coreShare;
      isFirst = false;
      const rows = list.slice(0, MAX_PROCESSES).map((one) => rowOf(one, share(one.cpu)));
      return { at, total: Math.max(all, rows.length), rows, standsMs: STANDS_MS };
    },
  };
}

function rowOf({ pid, parentPid, name, state, memRss, started }: SystemProcessLike, cpu: number | null): ListedProcess {
  const startedAt = Date.parse(started);
  return {
    pid,
    parent: Math.max(0, parentPid),
    name: printableName(name),
    state: state.slice(0, 32),
    cpu,
    memoryBytes: Math.max(0, memRss * 1024),
    // The library does not tell.
    threads: 0,
    // The text is empty where nobody knows.
    startedAt: Number.isNaN(startedAt) ? 0 : Math.max(0, startedAt),
  };
}

/** The library's percent are of the whole machine, but on macOS of one core. */
function coreShare(percent: number): number {
  const cores = availableParallelism();
  const share = (percent / 100) * (process.platform === "darwin" ? 1 : cores);
  return share >= 0 ? Math.min(share, cores) : 0;
}

async function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const what = `the system did not list its processes within ${TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => reject(new WsightError("NOT_FOUND", what)), TIMEOUT_MS);
    timer.unref();
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
