import { type Signal, signal } from "@preact/signals";
import { MAX_PROCESS_ROWS, type ProcessPage, type ProcessRow, type ProcessSort, WsightError } from "@wsight/protocol";
import type { PageParts } from "../../lists/row-feed.ts";
import type { AskProcesses, HostProcesses } from "./process-api.ts";

/** Asked for this often, ms. */
const EVERY_MS = 1000;
/** While somebody scrolls, rows that are not known are asked for after a rest of this, ms. */
const REST_MS = 80;
/** Longest wait after answers that failed, ms. */
const LONGEST_WAIT_MS = 8000;
/** Rows asked for above and below those in view. */
const MARGIN = 30;

/** Which table is looked at. */
export interface ProcessView {
  readonly node: string;
  readonly sort: ProcessSort;
  readonly search: string;
}

/** What a {@link ProcessFeed} works with. */
export interface ProcessFeedParts extends PageParts {
  readonly ask: AskProcesses;
}

/**
 * Keeps the part of the process table that is on screen current: one question a
 * second, one at a time, and none while nobody can see the table, for looking
 * is what makes the host be looked at. While the order is held, rows keep their
 * places and only their figures go on.
 */
export class ProcessFeed {
  /** Grows when there is something new to show. */
  readonly changed: Signal<number> = signal(0);
  readonly #parts: ProcessFeedParts;
  readonly #stopListening: () => void;
  readonly #holds = new Set<string>();
  #view: ProcessView | null = null;
  #range: readonly [first: number, last: number] = [0, 20];
  /** By place. */
  #rows = new Map<number, ProcessRow>();
  #answer: HostProcesses | null = null;
  #error: WsightError | null = null;
  #failures = 0;
  #seen = false;
  #asking: AbortController | null = null;
  #timer: unknown = null;
  #closed = false;

  constructor(parts: ProcessFeedParts) {
    this.#parts = parts;
    this.#stopListening = parts.attention.onVisibility(() => this.#askIn(0));
  }

  /** The newest answer; `null` before the first of this view. */
  get answer(): HostProcesses | null {
    return this.#answer;
  }

  /** Why the newest question was not answered; what came before stays. */
  get error(): WsightError | null {
    return this.#error;
  }

  /** True while rows keep their places. */
  get held(): boolean {
    return this.#holds.size > 0;
  }

  /** The row at a place, `undefined` while it is not known. */
  at(place: number): ProcessRow | undefined {
    return this.#rows.get(place);
  }

  /** Looks at another table, or at the same in another order; rows of the one before stay until the first answer. */
  setView(view: ProcessView): void {
    if (JSON.stringify(view) === JSON.stringify(this.#view)) return;
    const elsewhere = view.node !== this.#view?.node;
    this.#view = view;
    this.#stop();
    this.#failures = 0;
    this.#error = null;
    if (elsewhere) {
      this.#answer = null;
      this.#rows = new Map();
    }
    this.#tell();
    this.#askIn(0, true);
  }

  /** Says which places are in view, both included. */
  setRange(first: number, last: number): void {
    this.#range = [first, last];
    for (let place = first; place <= last; place++)
      if (this.#answer !== null && !this.#rows.has(place)) this.#askIn(REST_MS);
  }

  /** Says whether the table is on screen. */
  setSeen(seen: boolean): void {
    if (seen === this.#seen) return;
    this.#seen = seen;
    if (seen) this.#askIn(0);
  }

  /** Keeps the order for a reason, or lets it go when no reason is left. */
  hold(reason: string, holds: boolean): void {
    if (holds === this.#holds.has(reason)) return;
    if (holds) this.#holds.add(reason);
    else this.#holds.delete(reason);
    this.#tell();
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#stop();
    this.#stopListening();
  }

  #stop(): void {
    this.#asking?.abort();
    this.#asking = null;
    if (this.#timer !== null) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #askIn(delayMs: number, anew = false): void {
    if (this.#closed) return;
    const { clock, attention, paused } = this.#parts;
    if (this.#timer !== null) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#timer = null;
      const still = paused() && this.#answer !== null && !anew && this.#knowsRange();
      if (!this.#seen || attention.hidden()) return;
      if (still) this.#askIn(EVERY_MS);
      else void this.#ask(anew);
    }, delayMs);
  }

  #knowsRange(): boolean {
    const [first, last] = this.#range;
    const end = Math.min(last, (this.#answer?.page.matching ?? 0) - 1);
    for (let place = first; place <= end; place++) if (!this.#rows.has(place)) return false;
    return true;
  }

  async #ask(anew: boolean): Promise<void> {
    const view = this.#view;
    // The answer to the question that is out asks on by itself.
    if (view === null || this.#asking !== null) return;
    const asking = new AbortController();
    this.#asking = asking;
    const [first, last] = this.#range;
    const offset = anew ? 0 : Math.max(0, first - MARGIN);
    const limit = Math.min(MAX_PROCESS_ROWS, last - offset + 1 + MARGIN);
    try {
      const answer = await this.#parts.ask({ ...view, offset, limit }, asking.signal);
      if (asking.signal.aborted) return;
      this.#take(answer, offset, anew);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.#failures++;
      this.#error = error instanceof WsightError ? error : new WsightError("INTERNAL", "The answer made no sense");
    }
    this.#asking = null;
    this.#tell();
    this.#askIn(
      this.#knowsRange()
        ? Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** this.#failures)
        : REST_MS + EVERY_MS * this.#failures,
    );
  }

  #take(answer: HostProcesses, offset: number, anew: boolean): void {
    this.#failures = 0;
    this.#error = null;
    this.#answer = answer;
    this.#rows = anew || !this.held ? placed(answer.page, offset) : holdPlaces(this.#rows, answer.page, offset);
  }

  #tell(): void {
    this.changed.value = this.changed.peek() + 1;
  }
}

function placed({ rows }: ProcessPage, offset: number): Map<number, ProcessRow> {
  return new Map(rows.map((row, index) => [offset + index, row]));
}

/** Rows where they were with their newest figures; places that were not known get what stands there now. */
function holdPlaces(
  before: ReadonlyMap<number, ProcessRow>,
  page: ProcessPage,
  offset: number,
): Map<number, ProcessRow> {
  const newest = new Map(page.rows.map((row) => [row.pid, row]));
  const held = new Map<number, ProcessRow>();
  for (const [place, row] of before) if (place < page.matching) held.set(place, newest.get(row.pid) ?? row);
  const shown = new Set([...held.values()].map(({ pid }) => pid));
  page.rows.forEach((row, index) => {
    if (!held.has(offset + index) && !shown.has(row.pid)) held.set(offset + index, row);
  });
  return held;
}
