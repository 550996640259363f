/** What was read from and written to a block device since the system started. */
export interface DiskStat {
  readonly name: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** The kernel counts in these, whatever the sectors of the disk are. */
const SECTOR_BYTES = 512;
/** Devices that are read at most. */
const MAX_DEVICES = 1024;

/** Reads `/proc/diskstats`: every block device, partitions and stacked ones too. */
export function parseDiskStats(text: string): DiskStat[] {
  const stats: DiskStat[] = [];
  for (const line of text.split("\n", MAX_DEVICES)) {
    const [, , name, reads, , sectorsRead, , writes, , sectorsWritten] = line.trim().split(/ +/);
    // Kernels before 2.6.25 tell less of partitions: those are not wanted anyway.
    if (name === undefined || sectorsWritten === undefined) continue;
    stats.push({
      name,
      readBytes: Number(sectorsRead) * SECTOR_BYTES,
      writtenBytes: Number(sectorsWritten) * SECTOR_BYTES,
      reads: Number(reads),
      writes: Number(writes),
    });
  }
  return stats;
}

/** Memory, files, optical drives, and devices that are made of others, whose traffic would count twice. */
const NO_DISK = /^(loop|ram|zram|fd|sr|dm-|md|drbd|bcache|zd)\d/;

/**
 * True for a disk as a whole. A partition is known by a disk of its name less
 * the number (`sda1`, `nvme0n1p2`) among the devices; where there is none (`xvda1` of some clouds) it is a disk itself.
 */
export function isWholeDisk(name: string, names: ReadonlySet<string>): boolean {
  if (NO_DISK.test(name)) return false;
  const disk = name.replace(/(?<=\d)p\d+$/, "");
  if (disk !== name && names.has(disk)) return false;
  const lettered = name.replace(/\d+$/, "");
  return lettered === name || !names.has(lettered);
}
