import type { TierIndex } from "./block-tables.ts";
import { copyNotes, type Notes, type TierTotals } from "./notes.ts";
import type { OpenHistory } from "./open-history.ts";
import { BLOCK_SPANS_MS, floorTo, TIERS } from "./tiers.ts";

/** Series whose blocks are deleted in one transaction. */
const SLICE_SERIES = 256;
/** Events, or names of series, that are deleted in one transaction. */
const SLICE_ROWS = 5_000;
/** Events that are kept at most, whatever their age: about 400 MB. */
const MOST_EVENTS = 3_000_000;

/** Steps of a deletion; each is short, and others get their turn in between. */
export type Step = () => Promise<unknown>;

/** Deletes what is older at `now` than its tier is kept: `keepMs` by tier. */
export async function* pruneSteps(history: OpenHistory, keepMs: readonly number[], now: number): AsyncGenerator<Step> {
  for (const tier of TIERS) yield* dropSteps(history, tier, now - (keepMs[tier] ?? Infinity));
  const [, , , eventsMs = Infinity, longestMs = Infinity] = keepMs;
  for (let dropped = SLICE_ROWS; dropped === SLICE_ROWS; ) {
    yield async () => {
      dropped = await history.tables.dropEvents(now - eventsMs, MOST_EVENTS, SLICE_ROWS);
    };
  }
  for (let dropped = SLICE_ROWS; dropped === SLICE_ROWS; ) {
    yield async () => {
      const held = [...history.memory.hours.values()].flatMap(({ series }) => [...series.keys()]);
      const gone = await history.tables.dropSeries(now - longestMs, new Set(held), SLICE_ROWS);
      history.series.remove(gone);
      dropped = gone.length;
    };
  }
}

/** Deletes the blocks of a tier that end at or before `beforeAt`. */
export async function* dropSteps(history: OpenHistory, tier: TierIndex, beforeAt: number): AsyncGenerator<Step> {
  const toAt = floorTo(beforeAt, BLOCK_SPANS_MS[tier]);
  const { oldestAt = null } = history.notes.totals[tier] ?? {};
  if (oldestAt === null || oldestAt >= toAt) return;
  const series = history.series.ids();
  let leftAt: number | null = null;
  // Noted before anything goes: what is put together later must not mistake what is left for all there was.
  yield () =>
    note(history, (notes) => {
      notes.deletedTo[tier] = Math.max(notes.deletedTo[tier] ?? 0, toAt);
    });
  for (let first = 0; first < series.length; first += SLICE_SERIES) {
    yield async () => {
      const slice = series.slice(first, first + SLICE_SERIES);
      const {
        samples,
        bytes,
        oldestAt: left,
      } = await history.tables.dropBlocks({ tier, series: slice, fromAt: 0, toAt });
      if (left !== null) leftAt = Math.min(leftAt ?? left, left);
      await note(history, ({ totals }) => {
        const ofTier = totals[tier] as TierTotals;
        ofTier.samples -= samples;
        ofTier.bytes -= bytes;
      });
      history.blocks.clear();
    };
  }
  yield () => noteOldest(history, tier, leftAt);
}

/** Finds out where what is left of a tier begins. */
async function noteOldest(history: OpenHistory, tier: TierIndex, spanAt: number | null): Promise<void> {
  let oldestAt: number | null = null;
  if (spanAt !== null) {
    const range = { tier, series: history.series.ids(), fromAt: spanAt, toAt: spanAt + 1, own: true };
    for (const row of await history.tables.readBlocks(range)) {
      const first = history.blocks.decode(row, [])?.at[0];
      if (first !== undefined) oldestAt = Math.min(oldestAt ?? first, first);
    }
    oldestAt ??= spanAt;
  }
  await note(history, ({ totals }) => {
    const ofTier = totals[tier] as TierTotals;
    ofTier.oldestAt = oldestAt;
    if (oldestAt === null) ofTier.newestAt = null;
  });
}

async function note(history: OpenHistory, change: (notes: Notes) => void): Promise<void> {
  const notes = copyNotes(history.notes);
  change(notes);
  await history.tables.write({ notes: JSON.stringify(notes) });
  history.notes = notes;
}
