/** A mounted hierarchy of control groups. */
interface Hierarchy {
  /** The group that is mounted there: not `/` in a container. */
  readonly root: string;
  readonly point: string;
  readonly file: string;
}

/**
 * Finds the files with limits from `/proc/self/cgroup` and
 * `/proc/self/mountinfo`: `memory.max` of version 2, `memory.limit_in_bytes` of
 * version 1. The group of the process comes first, then those above it: each of their limits holds.
 */
export function limitFiles(cgroup: string, mountInfo: string): string[] {
  const files: string[] = [];
  for (const line of cgroup.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers !== "" && !controllers.split(",").includes("memory")) continue;
    const hierarchy = findHierarchy(mountInfo, controllers === "");
    if (hierarchy !== null) files.push(...filesUpwards(hierarchy, path));
  }
  return files;
}

function findHierarchy(mountInfo: string, isVersion2: boolean): Hierarchy | null {
  for (const line of mountInfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const [, , , root, point] = before?.split(" ") ?? [];
    const [type, , options] = after?.split(" ") ?? [];
    if (root === undefined || point === undefined) continue;
    if (isVersion2 && type === "cgroup2") return { root, point, file: "memory.max" };
    const isMemory = type === "cgroup" && options?.split(",").includes("memory") === true;
    if (!isVersion2 && isMemory) return { root, point, file: "memory.limit_in_bytes" };
  }
  return null;
}

function filesUpwards({ root, point, file }: Hierarchy, path: string): string[] {
  const parts = relative(root, path)
    .split("/")
    .filter((part) => part !== "" && part !== "..");
  const files: string[] = [];
  for (let depth = parts.length; depth >= 0; depth--) files.push([point, ...parts.slice(0, depth), file].join("/"));
  return files;
}

/** Path of a group below the one that is mounted; a group that is not below it can't be seen, but for the root itself. */
function relative(root: string, path: string): string {
  if (root === "/") return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

/** The least of the limits, bytes; `null` for none. Version 1 writes "no limit" as a number near 2^63, version 2 as `max`. */
export function leastLimit(texts: readonly string[]): number | null {
  const limits = texts.map((text) => Number(text.trim() || Number.NaN)).filter((limit) => limit > 0 && limit < 2 ** 60);
  return limits.length === 0 ? null : Math.min(...limits);
}
