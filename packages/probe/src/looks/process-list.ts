import type { ProcessRow } from "@wsight/protocol";
import type { Wanted } from "./connection-list.ts";

/** Processes as they were at one moment. */
export interface ProcessList {
  /** ms epoch. */
  readonly at: number;
  /** How many there are; more than `rows` when only the first were looked at. */
  readonly total: number;
  readonly rows: readonly ListedProcess[];
  /** How long the list should stand, ms: looking more often would cost too much. */
  readonly standsMs: number;
}

/** A process of a list. */
export type ListedProcess = Omit<ProcessRow, "self">;

/** A way to list processes. Variants are sibling files. */
export interface ProcessReader {
  /**
   * Lists all of them, CPU shares since the list before. `null` when nobody waits any more.
   * @throws WsightError `NOT_FOUND` when this system can't be read
   */
  readonly read: (wanted: Wanted) => Promise<ProcessList | null>;
  /** Drops what the next list would be compared with. */
  readonly forget: () => void;
}

/** Names are what processes call themselves: without control characters, and cut. */
export function printableName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return name.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").slice(0, 64);
}
