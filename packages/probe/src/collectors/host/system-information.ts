import type { Guard } from "../../guard.ts";

/** A process as the library tells it. Its `command`, `params`, `path` and `user` are never looked at. */
export interface SystemProcessLike {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  /** Percent: of the whole machine, or on macOS of one core. */
  readonly cpu: number;
  /** KiB. */
  readonly memRss: number;
  /** `2026-11-21 10:11:33`, local time; empty where it is not known. */
  readonly started: string;
  readonly state: string;
}

/** The calls of `systeminformation` that are used. Some answer `null` where a system tells nothing. */
export interface SystemInformationLike {
  mem(): Promise<{
    total: number;
    free: number;
    available: number;
    buffers: number;
    cached: number;
    swapused: number;
    swapfree: number;
  }>;
  fsStats(): Promise<{ rx: number | null; wx: number | null } | null>;
  disksIO(): Promise<{ rIO: number | null; wIO: number | null } | null>;
  fsSize(): Promise<readonly { fs: string; type: string; used: number; available: number; mount: string }[] | null>;
  networkStats(interfaces: string): Promise<
    readonly {
      iface: string;
      rx_bytes: number | null;
      tx_bytes: number | null;
      rx_errors: number | null;
      tx_errors: number | null;
    }[]
  >;
  processes(): Promise<{ all: number; list: readonly SystemProcessLike[] }>;
}

/** What to do where the library is missing. */
export const INSTALL_HINT = "npm install systeminformation to see more of this system";

/** Loads the library when it is first needed; `null` where it is not installed. */
export type LoadSystemInformation = () => Promise<SystemInformationLike | null>;

/** A loader that tries once. */
export function systemInformationLoader(guard: Guard): LoadSystemInformation {
  let loading: ReturnType<LoadSystemInformation> | undefined;
  return () => {
    loading ??= import("systeminformation").then(
      ({ default: library }) => library as SystemInformationLike,
      (error) => {
        if (!isMissing(error)) guard.fault("gauge", error, "systeminformation");
        return null;
      },
    );
    return loading;
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
}
