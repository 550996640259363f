import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readdir, statfs } from "node:fs/promises";
import { parseCpuStat } from "../proc/cpu-stat.ts";
import { isWholeDisk, parseDiskStats } from "../proc/disk-stats.ts";
import { parseMemoryInfo } from "../proc/memory-info.ts";
import { fileSystemsOf, parseMounts } from "../proc/mounts.ts";
import { countedInterfaces, type InterfaceKind, parseNetworkDevices } from "../proc/net-dev.ts";
import type { FileSystem, HostReadings } from "./host-readings.ts";
import type { HostSource } from "./host-source.ts";

/** Reads a host by `/proc` and `/sys`: a few files of the kernel's memory, about a tenth of a millisecond each second. */
export function procHost(readings: HostReadings): HostSource {
  const disks = diskReader(readings);
  const network = networkReader(readings);
  const fileSystems = fileSystemReader(readings);
  return {
    name: "/proc",
    main: { name: "host cpu and memory", tier: "fast", budgetMs: 2, read: () => readFast(readings) },
    others: [
      { name: "host disks", tier: "fast", budgetMs: 2, read: disks },
      { name: "host network", tier: "fast", budgetMs: 2, read: network },
      { name: "host process count", tier: "medium", read: async () => readings.processes(await countProcesses()) },
      { name: "host file systems", tier: "slow", ...fileSystems },
    ],
  };
}

/** What `/sys/class/net/NAME` holds where an interface stands upon others, or is a port of a bridge. */
const STACKED = /^(bridge|brport|bonding|lower_.*)$/;

/** True where a host can be read this way. */
export function hasProc(): boolean {
  return process.platform === "linux" && existsSync("/proc/stat") && existsSync("/proc/self/stat");
}

function text(path: string): string {
  return readFileSync(path, "utf8");
}

function readFast(readings: HostReadings): void {
  const { all, cores } = parseCpuStat(text("/proc/stat"));
  readings.cpu(all, cores);
  const memory = parseMemoryInfo(text("/proc/meminfo"));
  if (memory !== null) readings.memory(memory);
  readings.load(text("/proc/loadavg").split(" ", 3).map(Number));
  readings.uptime(Number.parseFloat(text("/proc/uptime")));
}

function diskReader(readings: HostReadings): () => void {
  const pick = chosenByName((names) => new Set([...names].filter((name) => isWholeDisk(name, names))));
  return () => {
    const stats = optional(() => parseDiskStats(text("/proc/diskstats"))) ?? [];
    const counted = pick(stats).map(({ name, readBytes, writtenBytes, reads, writes }) => ({
      name,
      values: [readBytes, writtenBytes, reads, writes],
    }));
    readings.disks(counted);
  };
}

function networkReader(readings: HostReadings): () => void {
  const pick = chosenByName((names) => countedInterfaces(new Map([...names].map((name) => [name, kindOf(name)]))));
  return () => {
    const stats = optional(() => parseNetworkDevices(text("/proc/net/dev"))) ?? [];
    const counted = pick(stats).map(({ name, receivedBytes, sentBytes, receiveErrors, sendErrors }) => ({
      name,
      values: [receivedBytes, sentBytes, receiveErrors, sendErrors],
    }));
    readings.interfaces(counted);
  };
}

/** Chooses among devices anew only when there are others than before. */
function chosenByName(
  choose: (names: ReadonlySet<string>) => ReadonlySet<string>,
): <T extends { readonly name: string }>(devices: readonly T[]) => readonly T[] {
  let before = "";
  let chosen: ReadonlySet<string> = new Set();
  return (devices) => {
    const names = devices.map(({ name }) => name);
    const now = names.join("\n");
    if (now !== before) chosen = choose(new Set(names));
    before = now;
    return devices.filter(({ name }) => chosen.has(name));
  };
}

function kindOf(name: string): InterfaceKind {
  const folder = `/sys/class/net/${name}`;
  const entries = optional(() => readdirSync(folder)) ?? [];
  const master = optional(() => readlinkSync(`${folder}/master`));
  return {
    isHardware: entries.includes("device"),
    master: master?.split("/").at(-1) ?? null,
    isStacked: entries.some((entry) => STACKED.test(entry)),
  };
}

/** A host without disks or without a network has no such file. */
function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function countProcesses(): Promise<number> {
  const names = await readdir("/proc");
  return names.reduce((count, name) => count + (isDigit(name.charCodeAt(0)) ? 1 : 0), 0);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function fileSystemReader(readings: HostReadings): {
  readonly read: () => Promise<void>;
  readonly note: () => string | null;
} {
  let remote = 0;
  return {
    async read() {
      const found = fileSystemsOf(parseMounts(text("/proc/self/mounts")));
      remote = found.remote;
      const asked: FileSystem[] = [];
      // One after another: a disk that does not answer holds one thread of the process, not all of them.
      for (const point of found.local) {
        const fileSystem = await askFileSystem(point);
        if (fileSystem !== null) asked.push(fileSystem);
      }
      readings.fileSystems(asked);
    },
    note: () => readings.mountNote ?? (remote === 0 ? null : `${remote} remote file systems are not asked`),
  };
}

async function askFileSystem(point: string): Promise<FileSystem | null> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(point);
    return blocks === 0 ? null : { point, used: (blocks - bfree) * bsize, free: bavail * bsize };
  } catch {
    // Gone since the mounts were read, or not for this user to see.
    return null;
  }
}
