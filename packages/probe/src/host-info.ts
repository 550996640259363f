import { arch, cpus, platform, release, totalmem } from "node:os";
import type { HostInfo } from "@wsight/protocol";

/** Longest text that a hub takes. */
const MAX_TEXT = 128;

/** What the operating system says of the machine; takes about a millisecond, so ask once. */
export function readHostInfo(): HostInfo {
  const cores = cpus();
  return {
    platform: platform(),
    arch: arch(),
    osRelease: release().slice(0, MAX_TEXT),
    cpuModel: (cores[0]?.model ?? "").trim().slice(0, MAX_TEXT),
    cpus: cores.length,
    memoryBytes: totalmem(),
  };
}
