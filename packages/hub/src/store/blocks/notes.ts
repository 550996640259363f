import { TIERS } from "./tiers.ts";

/** What the blocks of one tier hold, all together. */
export interface TierTotals {
  samples: number;
  bytes: number;
  /** `null` while empty. */
  oldestAt: number | null;
  newestAt: number | null;
}

/** What the engine has to know of its blocks without reading them; written with each change of them. */
export interface Notes {
  /** End of the newest hour that was ever moved to blocks, or began to be, ms epoch. Older hours may be in blocks. */
  compactedTo: number;
  /** Up to where each tier was deleted, ms epoch. */
  readonly deletedTo: number[];
  readonly totals: readonly TierTotals[];
}

/** Notes of an empty store. */
export function emptyNotes(): Notes {
  return {
    compactedTo: 0,
    deletedTo: TIERS.map(() => 0),
    totals: TIERS.map(() => ({ samples: 0, bytes: 0, oldestAt: null, newestAt: null })),
  };
}

/** An independent copy, to be changed and written before it counts. */
export function copyNotes(notes: Notes): Notes {
  return { ...notes, deletedTo: [...notes.deletedTo], totals: notes.totals.map((totals) => ({ ...totals })) };
}

/** Whether blocks may hold something of the hour that begins then. */
export function mayBeInBlocks({ compactedTo }: Notes, hourAt: number): boolean {
  return hourAt < compactedTo;
}

/** Counts a block that was put in place of another. */
export function countBlock(
  totals: TierTotals,
  before: { readonly samples: number; readonly data: Uint8Array } | undefined,
  after: { readonly samples: number; readonly data: Uint8Array },
  [oldestAt, newestAt]: readonly [number, number],
): void {
  totals.samples += after.samples - (before?.samples ?? 0);
  totals.bytes += after.data.length - (before?.data.length ?? 0);
  totals.oldestAt = Math.min(totals.oldestAt ?? oldestAt, oldestAt);
  totals.newestAt = Math.max(totals.newestAt ?? newestAt, newestAt);
}
