import type { BlockTables, OtherWriter } from "../block-tables.ts";
import { loadHead, loadHistory, loadSegment } from "../load.ts";
import { emptyNotes, type Notes } from "../notes.ts";
import type { OpenHistory, Report } from "../open-history.ts";
import { otherTables } from "./other-tables.ts";

/** What was loaded of another writer, and of which of its rows. */
interface Followed {
  readonly history: OpenHistory;
  readonly generation: string;
  readonly segments: ReadonlySet<number>;
  notes: string | null;
}

/**
 * What other writers of the same database hold, as of the last look: only what
 * is new since the one before is taken in. When a writer has moved an hour to
 * blocks, or began anew, what is left of it is loaded again.
 */
export class OtherHistories {
  readonly #tables: BlockTables;
  readonly #report: Report;
  #followed: ReadonlyMap<string, Followed> = new Map();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(tables: BlockTables, report: Report) {
    this.#tables = tables;
    this.#report = report;
  }

  /** One for each other writer that holds anything. */
  current(): Promise<readonly OpenHistory[]> {
    const turn = this.#turn.then(() => this.#look());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #look(): Promise<readonly OpenHistory[]> {
    const followed = new Map<string, Followed>();
    for (const other of (await this.#tables.others?.()) ?? []) {
      const before = this.#followed.get(other.writer);
      followed.set(other.writer, canFollow(before, other) ? await follow(before, other) : await this.#load(other));
    }
    this.#followed = followed;
    return [...followed.values()].map(({ history }) => history);
  }

  async #load(other: OtherWriter): Promise<Followed> {
    const history = await loadHistory(otherTables(this.#tables, other), this.#report);
    return followedOf(history, other);
  }
}

function followedOf(history: OpenHistory, { generation, notes, segments }: OtherWriter): Followed {
  return { history, generation, notes, segments: new Set(segments.map(({ id }) => id)) };
}

function canFollow(before: Followed | undefined, other: OtherWriter): before is Followed {
  if (before === undefined || before.generation !== other.generation) return false;
  const held = new Set(other.segments.map(({ id }) => id));
  for (const id of before.segments) if (!held.has(id)) return false;
  return marksOf(before.notes) === marksOf(other.notes);
}

/** What came since: segments first, as their writer does it. What head rows they were made of is in them. */
async function follow(before: Followed, other: OtherWriter): Promise<Followed> {
  const { history } = before;
  for (const row of other.segments) if (!before.segments.has(row.id)) await loadSegment(history, row);
  const seen = history.lastHeadId;
  for (const row of other.head) {
    if (row.id <= seen) continue;
    await loadHead(history, row);
    history.lastHeadId = row.id;
  }
  if (before.notes !== other.notes) {
    history.notes = notesOf(other.notes);
    history.blocks.clear();
  }
  return followedOf(history, other);
}

/** What decides where samples are looked for. */
function marksOf(notes: string | null): string {
  const { compactedTo, deletedTo } = notesOf(notes);
  return JSON.stringify([compactedTo, deletedTo]);
}

function notesOf(notes: string | null): Notes {
  if (notes === null) return emptyNotes();
  try {
    return JSON.parse(notes) as Notes;
  } catch {
    // Whatever it is, every hour may be in blocks.
    return { ...emptyNotes(), compactedTo: Number.MAX_SAFE_INTEGER };
  }
}
