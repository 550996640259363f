import {
  type ConnectionPage,
  type ConnectionQuery,
  type ConnectionRow,
  compareConnections,
  MAX_CONNECTION_ROWS,
} from "@wsight/protocol";

/** Strides shorter than this are not worth a question of their own: rows are fetched and counted instead. */
const MIN_STRIDE = 50;

/** A connection with the process it belongs to. */
export type NodeConnectionRow = ConnectionRow & { readonly node: string };

/** Asks one node for a part of its list. */
export type AskPage = (node: string, offset: number, limit: number) => Promise<ConnectionPage>;

/** What is known of one node's list. */
export interface Source {
  readonly node: string;
  /** `null` until it answered. */
  open: number | null;
  matched: number | null;
  /** Why it is left out; `null` while it is not. */
  error: string | null;
}

/** A list that is walked: rows before `next` are behind, `rows` come at it. */
interface Walk {
  readonly source: Source;
  next: number;
  rows: NodeConnectionRow[];
  ended: boolean;
  readonly seen: Set<number>;
}

/**
 * One window of the lists of several nodes put together, exact as far as the
 * lists hold still meanwhile, by asking for no more than it takes:
 *
 * 1. Every node is asked for its first rows, or, when the window lies deep,
 *    for its counts alone.
 * 2. *Strides.* With `skip` rows to leave behind and k lists, all nodes are
 *    asked for the one row that is `stride` ahead, k · stride being at most
 *    `skip`. The list whose row comes first may go ahead by a whole stride:
 *    fewer than k · stride rows lie before that row. Each stride costs one
 *    question, and k of them halve what is to be skipped.
 * 3. *Pages.* What is left is fetched and merged: of the rows at hand those are
 *    in order that come before the end of every page that has a next one.
 *
 * A node that fails on the way is left out, and what was skipped of its rows
 * is skipped of the others'.
 */
export async function mergeWindow(
  sources: readonly Source[],
  query: ConnectionQuery,
  ask: AskPage,
): Promise<readonly NodeConnectionRow[]> {
  const merge = new Merge(sources, query, ask);
  await merge.begin();
  await merge.stride();
  return merge.collect();
}

class Merge {
  readonly #query: ConnectionQuery;
  readonly #ask: AskPage;
  readonly #compare: (a: NodeConnectionRow, b: NodeConnectionRow) => number;
  #walks: Walk[];
  #skip: number;

  constructor(sources: readonly Source[], query: ConnectionQuery, ask: AskPage) {
    const { sort, descending, offset } = query;
    this.#query = query;
    this.#ask = ask;
    this.#skip = offset;
    this.#compare = compareConnections<NodeConnectionRow>(sort, descending, (a, b) =>
      a.node === b.node ? a.connection - b.connection : a.node < b.node ? -1 : 1,
    );
    this.#walks = sources.map((source) => ({ source, next: 0, rows: [], ended: false, seen: new Set() }));
  }

  async begin(): Promise<void> {
    const { offset, limit } = this.#query;
    const first = limit > 0 && offset + limit <= MAX_CONNECTION_ROWS ? offset + limit : 0;
    await this.#each(this.#walks, async (walk) => {
      const page = await this.#ask(walk.source.node, 0, first);
      walk.source.open = page.open;
      walk.source.matched = page.matched;
      this.#put(walk, page, first);
      walk.ended = page.matched <= page.rows.length;
    });
  }

  async stride(): Promise<void> {
    for (;;) {
      const walks = this.#walks.filter(({ ended }) => !ended);
      if (walks.length === 0 || walks.some(({ rows }) => rows.length > 0)) return;
      const stride = Math.floor(this.#skip / (2 * walks.length));
      if (stride < MIN_STRIDE) return;
      await this.#strides(walks, stride);
    }
  }

  async collect(): Promise<readonly NodeConnectionRow[]> {
    const window: NodeConnectionRow[] = [];
    const { limit } = this.#query;
    while (window.length < limit) {
      await this.#fill(Math.min(MAX_CONNECTION_ROWS, this.#skip + limit - window.length));
      const merged = this.#takeInOrder();
      if (merged.length === 0) break;
      const skipped = Math.min(this.#skip, merged.length);
      this.#skip -= skipped;
      for (let i = skipped; i < merged.length && window.length < limit; i++)
        window.push(merged[i] as NodeConnectionRow);
    }
    return window;
  }

  /** Goes ahead by strides of one length while it is certain that they end before the window. */
  async #strides(walks: readonly Walk[], stride: number): Promise<void> {
    const ahead = new Map<Walk, NodeConnectionRow | null>();
    while (this.#skip >= stride * walks.length) {
      const unknown = walks.filter((walk) => !ahead.has(walk) && walk.source.error === null);
      await this.#each(unknown, async (walk) => {
        const page = await this.#ask(walk.source.node, walk.next + stride - 1, 1);
        const [row] = page.rows;
        // A list shorter than its stride can't hold it up.
        ahead.set(walk, row === undefined ? null : { ...row, node: walk.source.node });
      });
      const first = this.#first(ahead);
      if (first === null) {
        // What is left of all lists together is shorter than what is to be skipped.
        for (const walk of walks) walk.ended = true;
        return;
      }
      first.next += stride;
      this.#skip -= stride;
      ahead.delete(first);
    }
  }

  #first(ahead: ReadonlyMap<Walk, NodeConnectionRow | null>): Walk | null {
    let first: Walk | null = null;
    let firstRow: NodeConnectionRow | null = null;
    for (const [walk, row] of ahead) {
      if (row === null || walk.source.error !== null) continue;
      if (firstRow === null || this.#compare(row, firstRow) < 0) [first, firstRow] = [walk, row];
    }
    return first;
  }

  /** Fetches for every list that has nothing at hand. */
  async #fill(limit: number): Promise<void> {
    const empty = this.#walks.filter(({ rows, ended }) => rows.length === 0 && !ended);
    await this.#each(empty, async (walk) => {
      const page = await this.#ask(walk.source.node, walk.next, limit);
      this.#put(walk, page, limit);
      walk.ended = page.rows.length < limit;
    });
  }

  /** Takes the rows at hand that are certain to come before any that are not. */
  #takeInOrder(): readonly NodeConnectionRow[] {
    let horizon: NodeConnectionRow | null = null;
    for (const { rows, ended } of this.#walks) {
      const last = rows.at(-1);
      if (ended || last === undefined) continue;
      if (horizon === null || this.#compare(last, horizon) < 0) horizon = last;
    }
    const taken: NodeConnectionRow[] = [];
    for (const walk of this.#walks) {
      let count = 0;
      while (count < walk.rows.length && this.#isBefore(walk.rows[count] as NodeConnectionRow, horizon)) count++;
      taken.push(...walk.rows.splice(0, count));
      walk.next += count;
    }
    return taken.sort(this.#compare);
  }

  #isBefore(row: NodeConnectionRow, horizon: NodeConnectionRow | null): boolean {
    return horizon === null || this.#compare(row, horizon) <= 0;
  }

  /** Keeps the rows of a page; one that moved while it was walked is not told twice. */
  #put(walk: Walk, page: ConnectionPage, limit: number): void {
    for (const row of page.rows.slice(0, limit)) {
      if (walk.seen.has(row.connection)) continue;
      walk.seen.add(row.connection);
      walk.rows.push({ ...row, node: walk.source.node });
    }
  }

  /** Does something with several lists at once; those that fail are left out from then on. */
  async #each(walks: readonly Walk[], work: (walk: Walk) => Promise<void>): Promise<void> {
    await Promise.all(
      walks.map((walk) =>
        work(walk).catch((error: unknown) => {
          walk.source.error = error instanceof Error ? error.message : String(error);
          walk.ended = true;
          // Its rows are gone from the whole: as many of the others' move up.
          if (this.#skip > 0) this.#skip += walk.next;
        }),
      ),
    );
    this.#walks = this.#walks.filter(({ source }) => source.error === null);
  }
}
