import type { Pull } from "../../pulls.ts";

/** A way to read the figures of a host. Variants are sibling files. */
export interface HostSource {
  /** For people: `/proc`, `systeminformation`. */
  readonly name: string;
  /** What there always is, and says whether the host can be read at all. */
  readonly main: Omit<Pull, "read"> & { readonly read: () => void };
  readonly others: readonly Pull[];
}
