import { describe, expect, it } from "vitest";
import { Growth } from "../dist/collectors/growth.js";
import { sharesBetween } from "../dist/collectors/host/cpu-shares.js";
import { parseCpuStat } from "../dist/collectors/proc/cpu-stat.js";
import { isWholeDisk, parseDiskStats } from "../dist/collectors/proc/disk-stats.js";
import { parseKernelUnits } from "../dist/collectors/proc/kernel-units.js";
import { parseMemoryInfo } from "../dist/collectors/proc/memory-info.js";
import { leastLimit, limitFiles } from "../dist/collectors/proc/memory-limit.js";
import { fileSystemsOf, parseMounts } from "../dist/collectors/proc/mounts.js";
import { countedInterfaces, type InterfaceKind, parseNetworkDevices } from "../dist/collectors/proc/net-dev.js";
import { parseProcessStat } from "../dist/collectors/proc/process-stat.js";

const idleOnly = { user: 0, nice: 0, system: 0, idle: 100, iowait: 0, irq: 0, steal: 0 };

describe("CPU time of a host", () => {
  it("is read of all cores and each, without what follows", () => {
    const { all, cores } = parseCpuStat(
      "cpu  10 20 30 400 50 6 7 8 9 1\ncpu0 4 10 15 200 25 3 4 4 9 1\ncpu2 6 10 15 200 25 3 3 4 0 0\nintr 99 0 0\nctxt 5\n",
    );
    expect(all).toEqual({ user: 10, nice: 20, system: 30, idle: 400, iowait: 50, irq: 13, steal: 8 });
    // Core 1 is offline.
    expect([...cores.keys()]).toEqual([0, 2]);
    expect(cores.get(2)).toEqual({ user: 6, nice: 10, system: 15, idle: 200, iowait: 25, irq: 6, steal: 4 });
  });

  it("is read of kernels that tell fewer columns", () => {
    expect(parseCpuStat("cpu  1 2 3 4\ncpu0 1 2 3 4").all).toEqual({
      ...idleOnly,
      user: 1,
      nice: 2,
      system: 3,
      idle: 4,
    });
    expect(parseCpuStat("")).toEqual({ all: null, cores: new Map() });
    expect(parseCpuStat("cpu \nintr 1").all).toBeNull();
    expect(parseCpuStat("cpu  x y z 1\n").all).toBeNull();
  });

  it("counts the time of guests once: it is part of user", () => {
    const before = parseCpuStat("cpu  100 0 0 100 0 0 0 0 100 0\n").all;
    const now = parseCpuStat("cpu  150 0 0 150 0 0 0 0 150 0\n").all;
    expect(before && now && sharesBetween(before, now)).toMatchObject({ busy: 0.5, modes: { user: 0.5 } });
  });

  it("gives shares that survive iowait going back, and none when no time went by", () => {
    const before = { ...idleOnly, iowait: 50 };
    expect(sharesBetween(before, { ...before, iowait: 40, user: 30, idle: 170 })).toEqual({
      busy: 0.3,
      modes: { user: 0.3, nice: 0, system: 0, iowait: 0, irq: 0, steal: 0 },
    });
    expect(sharesBetween(before, before)).toBeNull();
    expect(sharesBetween(before, idleOnly)).toBeNull();
  });

  it("counts waiting for disks as idle", () => {
    expect(sharesBetween(idleOnly, { ...idleOnly, idle: 150, iowait: 50 })).toMatchObject({
      busy: 0,
      modes: { iowait: 0.5 },
    });
  });
});

describe("memory of a host", () => {
  it("is used as far as it is not available", () => {
    const text =
      "MemTotal:       16384 kB\nMemFree:         1024 kB\nMemAvailable:    8192 kB\nBuffers: 10 kB\nCached: 20 kB\nSReclaimable: 5 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB\nHugePages_Total:       0\n";
    expect(parseMemoryInfo(text)).toEqual({
      total: 16384 * 1024,
      available: 8192 * 1024,
      free: 1024 * 1024,
      buffers: 10 * 1024,
      cached: 25 * 1024,
      swap: { used: 40 * 1024, free: 60 * 1024 },
    });
  });

  it("is estimated for kernels that do not say what is available", () => {
    const text = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 300 kB\nShmem: 200 kB\n";
    expect(parseMemoryInfo(text)?.available).toBe(250 * 1024);
    expect(parseMemoryInfo("MemTotal: 1000 kB\nMemFree: 100 kB\nShmem: 900 kB\n")?.available).toBe(100 * 1024);
  });

  it("is not known from a text that does not say", () => {
    expect(parseMemoryInfo("")).toBeNull();
    expect(parseMemoryInfo("MemFree: 1 kB\n")).toBeNull();
  });
});

describe("disks", () => {
  const names = (text: string): string[] => {
    const all = parseDiskStats(text).map(({ name }) => name);
    return all.filter((name) => isWholeDisk(name, new Set(all)));
  };

  it("are counted in sectors of 512 bytes", () => {
    expect(parseDiskStats("   8       0 sda 100 5 2048 10 200 6 4096 20 0 30 40 1 2 3 4 5 6\n\n")).toEqual([
      { name: "sda", readBytes: 2048 * 512, writtenBytes: 4096 * 512, reads: 100, writes: 200 },
    ]);
  });

  it("are whole ones: no partitions, nothing that is made of others or of memory", () => {
    const line = (name: string): string => `   8 0 ${name} 1 0 8 0 1 0 8 0 0 0 0\n`;
    const list = (...all: string[]): string[] => names(all.map(line).join(""));
    expect(list("sda", "sda1", "sda15", "sdb", "sr0", "loop0", "ram1", "zram0", "dm-0", "md127")).toEqual([
      "sda",
      "sdb",
    ]);
    expect(list("nvme0n1", "nvme0n1p1", "nvme1n1", "nvme1n1p12")).toEqual(["nvme0n1", "nvme1n1"]);
    expect(list("mmcblk0", "mmcblk0p1", "mmcblk0p2")).toEqual(["mmcblk0"]);
    expect(list("vda", "vda1", "vdb", "xvdf", "xvdf1")).toEqual(["vda", "vdb", "xvdf"]);
    // Some clouds attach what is named like a partition as a disk.
    expect(list("xvda1", "xvda2")).toEqual(["xvda1", "xvda2"]);
    expect(list("nbd0", "nbd0p1")).toEqual(["nbd0"]);
  });

  it("of old kernels, which tell less of partitions, are read", () => {
    expect(
      names(
        "   3 0 hda 446216 784926 9550688 4382310 424847 312726 5922052 19310380 0 3376340 23705160\n   3 1 hda1 35486 38030 38030 38030\n",
      ),
    ).toEqual(["hda"]);
  });
});

describe("interfaces", () => {
  const title = "Inter-|   Receive\n face |bytes    packets errs\n";
  const plain: InterfaceKind = { isHardware: false, master: null, isStacked: false };

  it("are read with or without a blank after the colon", () => {
    const text = `${title}    lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n  eth0:1234567890123 9 2 0 0 0 0 0 42 7 3 0 0 0 0 0\neth0:1: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n`;
    expect(parseNetworkDevices(text)).toEqual([
      { name: "lo", receivedBytes: 10, sentBytes: 10, receiveErrors: 0, sendErrors: 0 },
      { name: "eth0", receivedBytes: 1234567890123, sentBytes: 42, receiveErrors: 2, sendErrors: 3 },
      { name: "eth0:1", receivedBytes: 5, sentBytes: 6, receiveErrors: 0, sendErrors: 0 },
    ]);
    expect(parseNetworkDevices("")).toEqual([]);
  });

  it("count once: cards, not what stands upon them", () => {
    const kinds = new Map<string, InterfaceKind>([
      ["lo", plain],
      ["eth0", { ...plain, isHardware: true, master: "bond0" }],
      ["eth1", { ...plain, isHardware: true, master: "bond0" }],
      ["bond0", { ...plain, isStacked: true }],
      ["bond0.7", { ...plain, isStacked: true }],
      ["br-1f2e", { ...plain, isStacked: true }],
      ["veth12ab", plain],
      ["wg0", plain],
    ]);
    expect([...countedInterfaces(kinds)]).toEqual(["eth0", "eth1"]);
  });

  it("count once where a virtual function of a card is part of another device", () => {
    const kinds = new Map<string, InterfaceKind>([
      ["eth0", { ...plain, isHardware: true }],
      ["enP1s1", { ...plain, isHardware: true, master: "eth0" }],
    ]);
    expect([...countedInterfaces(kinds)]).toEqual(["eth0"]);
  });

  it("of a container, where none has a device, count but for stacked ones", () => {
    const kinds = new Map<string, InterfaceKind>([
      ["lo", plain],
      ["eth0", plain],
      ["tun0", plain],
      ["br0", { ...plain, isStacked: true }],
    ]);
    expect([...countedInterfaces(kinds)]).toEqual(["eth0"]);
  });
});

describe("growth since the first reading", () => {
  const counter = (): { value: number } => ({ value: 0 });

  it("begins at zero, adds up devices, and outlives resets", () => {
    const bytes = counter();
    const growth = new Growth([bytes] as never);
    const take = (...devices: [string, number][]): number => {
      growth.take(devices.map(([name, value]) => ({ name, values: [value] })));
      return bytes.value;
    };
    expect(take(["a", 1000], ["b", 5])).toBe(0);
    expect(take(["a", 1010], ["b", 6])).toBe(11);
    // A device came, with a past of its own.
    expect(take(["a", 1010], ["b", 6], ["c", 1e9])).toBe(11);
    // One went back: it begins anew.
    expect(take(["a", 3], ["b", 6], ["c", 1e9 + 1])).toBe(12);
    expect(take(["a", 5], ["c", 1e9 + 1])).toBe(14);
    // One went and came again.
    expect(take(["a", 5], ["b", 100], ["c", 1e9 + 1])).toBe(14);
    expect(take(["a", Number.NaN])).toBe(14);
    expect(take(["a", 7])).toBe(14);
    expect(take(["a", 8])).toBe(15);
  });
});

describe("file systems", () => {
  it("are those with room of their own, each once", () => {
    const text = `proc /proc proc rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/vda1 / ext4 rw 0 0
/dev/vda1 /var/lib/docker/bind ext4 rw 0 0
overlay /var/lib/docker/overlay2/abc/merged overlay rw 0 0
/dev/loop3 /snap/core squashfs ro 0 0
tank /tank zfs rw 0 0
tank/home /tank/home zfs rw 0 0
/dev/sdb1 /mnt/my\\040disk\\134two xfs rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
//server/share /mnt/smb cifs rw 0 0
me@host:/ /mnt/sshfs fuse.sshfs rw 0 0
`;
    expect(fileSystemsOf(parseMounts(text))).toEqual({
      local: ["/", "/tank", "/tank/home", "/mnt/my disk\\two"],
      remote: 3,
    });
  });

  it("of a container are its root, not the files laid over it", () => {
    const text =
      "overlay / overlay rw 0 0\n/dev/vda1 /etc/hosts ext4 rw 0 0\n/dev/vda1 /etc/resolv.conf ext4 rw 0 0\nshm /dev/shm tmpfs rw 0 0\n/dev/vdb /data ext4 rw 0 0\n";
    expect(fileSystemsOf(parseMounts(text)).local).toEqual(["/", "/data"]);
  });
});

describe("the memory a process may take", () => {
  const unified = "29 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw";

  it("is limited by its group and all above it, in version 2", () => {
    expect(limitFiles("0::/system.slice/app.service\n", unified)).toEqual([
      "/sys/fs/cgroup/system.slice/app.service/memory.max",
      "/sys/fs/cgroup/system.slice/memory.max",
      "/sys/fs/cgroup/memory.max",
    ]);
  });

  it("is found in a container, whose root is its group", () => {
    expect(limitFiles("0::/\n", unified)).toEqual(["/sys/fs/cgroup/memory.max"]);
    expect(limitFiles("0::/../other\n", unified)).toEqual([
      "/sys/fs/cgroup/other/memory.max",
      "/sys/fs/cgroup/memory.max",
    ]);
    const version1 =
      "40 30 0:35 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n41 30 0:36 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";
    expect(limitFiles("5:memory:/docker/abc\n3:cpu:/docker/abc\n0::/\n", version1)).toEqual([
      "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]);
  });

  it("is the least of the limits, and none where all say none", () => {
    expect(leastLimit(["max\n", "1073741824\n", "2147483648\n"])).toBe(1073741824);
    expect(leastLimit(["9223372036854771712\n", "max", "", "nonsense"])).toBeNull();
    expect(leastLimit([])).toBeNull();
  });
});

describe("a process", () => {
  const after =
    "S 42 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 7 0 12345 1000 250 18446744073709551615 1 1 0 0 0 0 0 0 0";

  it("is read whatever it calls itself", () => {
    for (const name of ["node", "a b", "(sd-pam)", "x) R 1 2 3", "new\nline", ""]) {
      expect(parseProcessStat(`77 (${name}) ${after}`)).toEqual({
        pid: 77,
        name,
        state: "S",
        parent: 42,
        ticks: 200,
        threads: 7,
        startTicks: 12345,
        residentPages: 250,
      });
    }
  });

  it("that ended half-way through is none", () => {
    for (const text of ["", "77", "77 (node", "77 (node) S 42", ")77("]) expect(parseProcessStat(text)).toBeNull();
  });
});

describe("units of the kernel", () => {
  it("are read from words of eight and of four bytes, and are as usual where they are missing", () => {
    const eight = new BigUint64Array([6n, 65536n, 17n, 250n, 0n, 0n]);
    expect(parseKernelUnits(new Uint8Array(eight.buffer), 8)).toEqual({ ticksPerSecond: 250, pageBytes: 65536 });
    const four = new Uint32Array([17, 1000, 6, 16384, 0, 0]);
    expect(parseKernelUnits(new Uint8Array(four.buffer), 4)).toEqual({ ticksPerSecond: 1000, pageBytes: 16384 });
    expect(parseKernelUnits(new Uint8Array(0), 8)).toEqual({ ticksPerSecond: 100, pageBytes: 4096 });
    expect(parseKernelUnits(new Uint8Array(9), 8)).toEqual({ ticksPerSecond: 100, pageBytes: 4096 });
  });
});
