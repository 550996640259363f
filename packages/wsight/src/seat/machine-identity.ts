import type { MachineKey } from "@wsight/hub/machine-key";

/** Says who this process is to the others of its machine. */
export interface MachineIdentity {
  /** The key as it was read last, or why there is none. */
  readonly newest: MachineKey;
  /** Reads it again: the file may have been deleted, and made anew by another process. Keeps what it had when that fails. */
  renew(): Promise<MachineKey>;
}

/** Begins with what was read at the start. */
export function createMachineIdentity(first: MachineKey): MachineIdentity {
  let newest = first;
  return {
    get newest() {
      return newest;
    },
    async renew() {
      if ("problem" in newest) return newest;
      const { readMachineKey } = await import("@wsight/hub/machine-key");
      const found = await readMachineKey({ dir: newest.dir });
      if ("key" in found) newest = found;
      return newest;
    },
  };
}
