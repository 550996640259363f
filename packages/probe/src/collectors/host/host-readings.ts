import type { Registry } from "../../registry.ts";
import { type Counted, Growth } from "../growth.ts";
import { Readings } from "../readings.ts";
import { CPU_MODES, type CpuShares, type CpuTicks, sharesBetween } from "./cpu-shares.ts";

/** Cores that have a series of their own. */
const MAX_CORES = 64;
/** File systems that are told: the largest. */
const TOLD_FILE_SYSTEMS = 8;
/** Mount points that ever get series: a gauge keeps its place for as long as the probe lives. */
const MAX_MOUNT_POINTS = 32;

/** Bytes; NaN for what a system does not tell. */
export interface HostMemory {
  readonly total: number;
  /** What applications can still take. */
  readonly available: number;
  readonly free: number;
  readonly buffers: number;
  readonly cached: number;
  readonly swap: { readonly used: number; readonly free: number };
}

/** Bytes. */
export interface FileSystem {
  readonly point: string;
  readonly used: number;
  /** What applications can still take. */
  readonly free: number;
}

/** Since the system or the device started. `values`: bytes read, bytes written, reads, writes. */
export type CountedDisk = Counted;
/** `values`: bytes received, bytes sent, errors receiving, errors sending. */
export type CountedInterface = Counted;

/** The catalogue's `system.*` figures, whoever reads them. */
export class HostReadings {
  /** Why figures are missing; `null` for none. */
  mountNote: string | null = null;
  readonly #readings: Readings;
  readonly #disks: Growth;
  readonly #interfaces: Growth;
  readonly #points = new Set<string>();
  #cpuBefore: CpuTicks | null = null;
  #coresBefore: ReadonlyMap<number, CpuTicks> = new Map();

  constructor(registry: Registry) {
    this.#readings = new Readings(registry);
    const way = (metric: string, label: string, way: string) => registry.counter(metric, { [label]: way });
    this.#disks = new Growth([
      way("system.disk.io", "disk.io.direction", "read"),
      way("system.disk.io", "disk.io.direction", "write"),
      way("system.disk.operations", "disk.io.direction", "read"),
      way("system.disk.operations", "disk.io.direction", "write"),
    ]);
    this.#interfaces = new Growth([
      way("system.network.io", "network.io.direction", "receive"),
      way("system.network.io", "network.io.direction", "transmit"),
      way("system.network.errors", "network.io.direction", "receive"),
      way("system.network.errors", "network.io.direction", "transmit"),
    ]);
  }

  /** CPU time so far. The first reading gives no shares. */
  cpu(all: CpuTicks | null, cores: ReadonlyMap<number, CpuTicks>): void {
    this.#shares(all === null || this.#cpuBefore === null ? null : sharesBetween(this.#cpuBefore, all));
    this.#cpuBefore = all;
    this.#set("system.cpu.logical.count", cores.size > 0 ? cores.size : Number.NaN);
    for (let core = 0; core < MAX_CORES; core++) this.#core(core, this.#coresBefore.get(core), cores.get(core));
    this.#coresBefore = cores;
  }

  /** Over 1, 5 and 15 minutes. */
  load(averages: readonly number[]): void {
    for (const [i, minutes] of ["1m", "5m", "15m"].entries()) {
      this.#set(`system.cpu.load_average.${minutes}`, averages[i] ?? Number.NaN);
    }
  }

  memory({ total, available, free, buffers, cached, swap }: HostMemory): void {
    const used = total - available;
    this.#set("system.memory.limit", total);
    this.#set("system.memory.utilization", used / total);
    for (const [state, bytes] of Object.entries({ used, available, free, buffers, cached })) {
      this.#readings.of("system.memory.usage", { "system.memory.state": state }).value = bytes;
    }
    for (const [state, bytes] of Object.entries(swap)) {
      this.#readings.of("system.paging.usage", { "system.paging.state": state }).value = bytes;
    }
  }

  uptime(seconds: number): void {
    this.#set("system.uptime", seconds);
  }

  processes(count: number): void {
    this.#set("system.process.count", count);
  }

  disks(disks: readonly CountedDisk[]): void {
    this.#disks.take(disks);
  }

  interfaces(interfaces: readonly CountedInterface[]): void {
    this.#interfaces.take(interfaces);
  }

  /** Tells the largest, and no longer those told before that are not among them. */
  fileSystems(all: readonly FileSystem[]): void {
    const largest = [...all].sort((a, b) => b.used + b.free - a.used - a.free).slice(0, TOLD_FILE_SYSTEMS);
    for (const point of this.#points) this.#fileSystem({ point, used: Number.NaN, free: Number.NaN });
    for (const fileSystem of largest) {
      if (this.#points.size >= MAX_MOUNT_POINTS && !this.#points.has(fileSystem.point)) {
        this.mountNote = `more than ${MAX_MOUNT_POINTS} mount points came and went: further ones are not told`;
        continue;
      }
      this.#points.add(fileSystem.point);
      this.#fileSystem(fileSystem);
    }
  }

  end(): void {
    this.#readings.end();
  }

  #set(metric: string, value: number): void {
    this.#readings.of(metric).value = value;
  }

  #shares(shares: CpuShares | null): void {
    this.#set("system.cpu.utilization", shares?.busy ?? Number.NaN);
    for (const mode of CPU_MODES) {
      this.#readings.of("system.cpu.mode.utilization", { "cpu.mode": mode }).value = shares?.modes[mode] ?? Number.NaN;
    }
  }

  #core(core: number, before: CpuTicks | undefined, now: CpuTicks | undefined): void {
    if (before === undefined && now === undefined) return;
    const shares = before === undefined || now === undefined ? null : sharesBetween(before, now);
    const labels = { "cpu.logical_number": String(core) };
    this.#readings.of("system.cpu.core.utilization", labels).value = shares?.busy ?? Number.NaN;
  }

  #fileSystem({ point, used, free }: FileSystem): void {
    const label = { "system.filesystem.mountpoint": point };
    this.#readings.of("system.filesystem.usage", { ...label, "system.filesystem.state": "used" }).value = used;
    this.#readings.of("system.filesystem.usage", { ...label, "system.filesystem.state": "free" }).value = free;
    this.#readings.of("system.filesystem.utilization", label).value = used / (used + free);
  }
}
