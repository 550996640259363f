import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import type { CpuTicks } from "./cpu-shares.ts";
import type { HostReadings } from "./host-readings.ts";
import type { HostSource } from "./host-source.ts";
import { INSTALL_HINT, type LoadSystemInformation, type SystemInformationLike } from "./system-information.ts";

/**
 * Reads a host where there is no `/proc`: CPU, load and memory from Node
 * itself; swap, disks, network and file systems from `systeminformation` where
 * that is installed. It starts programs of the system for them, so they are read less often.
 */
export function portableHost(readings: HostReadings, load: LoadSystemInformation): HostSource {
  let isMissing = false;
  const withLibrary =
    (read: (library: SystemInformationLike) => Promise<void>, without: () => void = () => undefined) =>
    async (): Promise<void> => {
      const library = await load();
      isMissing = library === null;
      if (library === null) without();
      else await read(library);
    };
  const note = (): string | null => (isMissing ? INSTALL_HINT : readings.mountNote);
  return {
    name: "systeminformation",
    main: { name: "host cpu", tier: "fast", read: () => readCpu(readings) },
    others: [
      {
        name: "host memory",
        tier: "medium",
        read: withLibrary(
          (library) => readMemory(library, readings),
          () => readOwnMemory(readings),
        ),
        note,
      },
      { name: "host disks", tier: "medium", read: withLibrary((library) => readDisks(library, readings)), note },
      { name: "host network", tier: "medium", read: withLibrary((library) => readNetwork(library, readings)), note },
      { name: "host file systems", tier: "slow", read: withLibrary((l) => readFileSystems(l, readings)), note },
    ],
  };
}

function readCpu(readings: HostReadings): void {
  const cores = new Map<number, CpuTicks>();
  const all = { user: 0, nice: 0, system: 0, idle: 0, iowait: 0, irq: 0, steal: 0 };
  for (const [i, { times }] of cpus().entries()) {
    const { user, nice, sys: system, idle, irq } = times;
    cores.set(i, { user, nice, system, idle, irq, iowait: 0, steal: 0 });
    all.user += user;
    all.nice += nice;
    all.system += system;
    all.idle += idle;
    all.irq += irq;
  }
  readings.cpu(cores.size > 0 ? all : null, cores);
  // Windows has no load average, and Node says 0.
  readings.load(process.platform === "win32" ? [] : loadavg());
  readings.uptime(uptime());
}

function readOwnMemory(readings: HostReadings): void {
  const unknown = Number.NaN;
  const free = freemem();
  const swap = { used: unknown, free: unknown };
  readings.memory({ total: totalmem(), available: free, free, buffers: unknown, cached: unknown, swap });
}

async function readMemory(library: SystemInformationLike, readings: HostReadings): Promise<void> {
  const { total, available, free, buffers, cached, swapused, swapfree } = await library.mem();
  const isLinux = process.platform === "linux";
  readings.memory({
    total,
    available,
    free,
    // Elsewhere the library says 0 for what there is not.
    buffers: isLinux ? buffers : Number.NaN,
    cached: isLinux ? cached : Number.NaN,
    swap: { used: swapused, free: swapfree },
  });
}

async function readDisks(library: SystemInformationLike, readings: HostReadings): Promise<void> {
  const bytes = await library.fsStats();
  const operations = await library.disksIO();
  const values = [bytes?.rx, bytes?.wx, operations?.rIO, operations?.wIO].map((value) => value ?? Number.NaN);
  readings.disks([{ name: "all", values }]);
}

/** Loopback, and on macOS and Windows interfaces whose traffic goes through another one. */
const SECOND_HAND =
  /^(lo\d*$|loopback|bridge\d|utun|awdl|llw|ap\d|gif|stf|anpi|vmenet|vethernet|ifb|dummy|veth|docker|br-|virbr|tun|tap|wg)/i;

async function readNetwork(library: SystemInformationLike, readings: HostReadings): Promise<void> {
  const all = await library.networkStats("*");
  const counted = all.filter(({ iface }) => !SECOND_HAND.test(iface));
  readings.interfaces(
    counted.map(({ iface, rx_bytes, tx_bytes, rx_errors, tx_errors }) => ({
      name: iface,
      values: [rx_bytes, tx_bytes, rx_errors, tx_errors].map((value) => value ?? Number.NaN),
    })),
  );
}

async function readFileSystems(library: SystemInformationLike, readings: HostReadings): Promise<void> {
  const seen = new Set<string>();
  const own = ((await library.fsSize()) ?? []).filter(({ fs, used, available }) => {
    if (seen.has(fs) || !(used + available > 0)) return false;
    seen.add(fs);
    return true;
  });
  readings.fileSystems(own.map(({ mount, used, available }) => ({ point: mount, used, free: available })));
}
