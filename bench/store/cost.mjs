// What processes cost, from the kernel's accounting.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** CPU time of a process so far, all of its threads, also those that ended, ms. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  // utime and stime, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Memory of a process that is in RAM, MB. */
export function rssOf(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

/** Processes that this one started. */
export function children() {
  return readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
}

/** Bytes of all files of a directory. */
export function bytesIn(directory) {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    bytes += entry.isDirectory() ? bytesIn(path) : statSync(path).size;
  }
  return bytes;
}

/** Median of the times that `ask` takes, ms, each time asked for something else. */
export async function medianOf(rounds, ask) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const before = performance.now();
    await ask(round);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[rounds >> 1];
}
