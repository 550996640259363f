/** A line of `/proc/self/mounts`. */
export interface Mount {
  readonly device: string;
  readonly point: string;
  readonly type: string;
}

/** Lines that are read at most: hosts of many containers have thousands. */
const MAX_MOUNTS = 4096;
/** File systems that are asked for their size at most. */
const MAX_ASKED = 64;

/** Reads `/proc/self/mounts`. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n", MAX_MOUNTS)) {
    const [device, point, type] = line.split(" ");
    if (device === undefined || point === undefined || type === undefined) continue;
    mounts.push({ device: plain(device), point: plain(point), type });
  }
  return mounts;
}

/** Blanks, tabs, line ends and backslashes are written as octal numbers. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whoever answers for these may be away, and asking then takes a thread until it is back. */
const REMOTE = /^(nfs\d?|cifs|smb3|smbfs|9p|afs|ceph|glusterfs|lustre|ocfs2|gfs2|sshfs|davfs|fuse(\..*|blk)?|autofs)$/;
/** Media that are always full. */
const READ_ONLY_MEDIA = /^(squashfs|iso9660|udf|erofs|cramfs)$/;
/** Not of a device, yet with room of their own. */
const WITHOUT_DEVICE = /^(zfs|virtiofs|bcachefs|btrfs)$/;
/** Single files that container engines lay over those of an image. */
const LAID_OVER = /^\/(etc\/(hosts|hostname|resolv\.conf)|dev\/termination-log|run\/secrets(\/.*)?)$/;

/** File systems of a host, told apart. */
export interface FileSystems {
  /** Where those on the host's own disks are mounted: each once, at its shortest path. */
  readonly local: readonly string[];
  /** How many others there are that are not asked, since who answers for them may be away. */
  readonly remote: number;
}

/** Picks the file systems that have room of their own from the mounts. */
export function fileSystemsOf(mounts: readonly Mount[]): FileSystems {
  const local = new Map<string, string>();
  const remote = new Set<string>();
  for (const { device, point, type } of mounts) {
    if (READ_ONLY_MEDIA.test(type) || LAID_OVER.test(point)) continue;
    if (REMOTE.test(type)) remote.add(device);
    else if (hasRoom(device, point, type)) {
      const known = local.get(device);
      if (known === undefined || point.length < known.length) local.set(device, point);
    }
  }
  return { local: [...local.values()].slice(0, MAX_ASKED), remote: remote.size };
}

/** A container sees its root as an overlay; other overlays are the containers of this host, on disks that count already. */
function hasRoom(device: string, point: string, type: string): boolean {
  return device.startsWith("/") || WITHOUT_DEVICE.test(type) || (type === "overlay" && point === "/");
}
