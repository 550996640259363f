import { type Signal, signal } from "@preact/signals";
import { WsightError } from "@wsight/protocol";
import type { Attention, Clock } from "../connection/environment.ts";
import { type Order, type RowAnswer, RowBook, type RowKind, type RowWindow, type Slot, TINT_MS } from "./row-book.ts";

/** Figures are asked for this often, ms. */
const EVERY_MS = 1000;
/** Order changes at most this often, ms; a little less than two beats, which never come quite on time. */
const ORDER_MS = 1900;
/** While somebody scrolls, unknown rows are asked for after a rest of this, ms. */
const REST_MS = 80;
/** Longest wait after answers that failed, ms. */
const LONGEST_WAIT_MS = 5000;

/** What a feed has of the page that it is for. */
export interface PageParts {
  readonly clock: Clock;
  readonly attention: Pick<Attention, "hidden" | "onVisibility">;
  /** True while figures are to stand still. */
  readonly paused: () => boolean;
}

/** What a {@link RowFeed} works with. */
interface RowFeedParts<Row, Query extends Order<string>, Answer extends RowAnswer<Row>> extends PageParts {
  /** Asks for one window. Throws `WsightError` for what can be said of a failure. */
  readonly list: (query: Query, window: RowWindow, signal: AbortSignal) => Promise<Answer>;
  readonly kind: RowKind<Row, Query["sort"], Answer>;
}

/** Why rows keep their places, the most telling first. */
const HOLD_REASONS = ["pointer", "focus", "scroll", "drawer"] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** The same for people, after "order held". */
export const HELD_WORDS: Readonly<Record<HoldReason, string>> = {
  pointer: "while pointing",
  focus: "while the focus is in it",
  scroll: "while scrolled",
  drawer: "while one is looked at",
};

/** How the list stands as a whole. */
export interface ListState<Answer> {
  /** The newest answer; `null` before the first. */
  readonly answer: Answer | null;
  /** True while the answer and the rows are those of the query before. */
  readonly pending: boolean;
  /** Why the newest question was not answered. */
  readonly error: WsightError | null;
  /** Why the order of the rows is kept, the most telling reason; `null` while it is not. */
  readonly held: HoldReason | null;
}

/**
 * Keeps the rows of a list on screen current: asks for the window in view once
 * a second, one question at a time, while the tab is seen and not paused. The
 * order changes at most every two seconds and never while it is held. Rows that
 * went away are shown as such for 600 ms before the order closes the gap.
 */
export class RowFeed<Row, Query extends Order<string>, Answer extends RowAnswer<Row>> {
  /** Grows when there is something new to show. */
  readonly changed: Signal<number> = signal(0);
  readonly #parts: RowFeedParts<Row, Query, Answer>;
  readonly #holds = new Set<HoldReason>();
  readonly #forgetVisibility: () => void;
  #query: Query | null = null;
  #book: RowBook<Row, Query["sort"], Answer> | null = null;
  #range: { readonly first: number; readonly last: number } = { first: 0, last: 20 };
  #answer: Answer | null = null;
  #pending = true;
  #error: WsightError | null = null;
  #failures = 0;
  #orderedAt = Number.NEGATIVE_INFINITY;
  #asking: AbortController | null = null;
  #beat: unknown = null;
  #rest: unknown = null;
  #settle: unknown = null;
  #closed = false;

  constructor(parts: RowFeedParts<Row, Query, Answer>) {
    this.#parts = parts;
    this.#forgetVisibility = parts.attention.onVisibility(() => {
      if (!parts.attention.hidden()) this.#askSoon(0);
    });
  }

  /** How the list stands. */
  get state(): ListState<Answer> {
    const held = HOLD_REASONS.find((reason) => this.#holds.has(reason)) ?? null;
    return { answer: this.#answer, pending: this.#pending, error: this.#error, held };
  }

  /** Rows there are; `null` before the first answer. */
  get count(): number | null {
    return this.#book?.count ?? null;
  }

  /** The row at a place, `undefined` while it is not known. */
  at(place: number): Slot<Row> | undefined {
    return this.#book?.at(place);
  }

  /** Changes what is asked for; the rows of the list before stay until the first answer. */
  setQuery(query: Query): void {
    if (JSON.stringify(query) === JSON.stringify(this.#query)) return;
    this.#query = query;
    this.#stopAsking();
    this.#pending = true;
    this.#error = null;
    this.#failures = 0;
    this.#tell();
    this.#askSoon(0);
  }

  /** Says which rows are in view, both included. */
  setRange(first: number, last: number): void {
    if (first === this.#range.first && last === this.#range.last) return;
    this.#range = { first, last };
    if (!this.#pending && this.#lacks()) this.#askSoon(REST_MS);
  }

  /** Keeps the order for a reason, or lets it go when no reason is left. */
  hold(reason: HoldReason, holds: boolean): void {
    if (holds === this.#holds.has(reason)) return;
    if (holds) this.#holds.add(reason);
    else this.#holds.delete(reason);
    this.#tell();
  }

  /** Asks now, whatever was asked last. */
  refresh(): void {
    this.#failures = 0;
    this.#askSoon(0);
  }

  /** Stops for good. */
  close(): void {
    this.#closed = true;
    this.#stopAsking();
    this.#forgetVisibility();
  }

  #stopAsking(): void {
    this.#asking?.abort();
    this.#asking = null;
    const { clock } = this.#parts;
    for (const timer of [this.#beat, this.#rest, this.#settle]) if (timer !== null) clock.clearTimeout(timer);
    this.#beat = null;
    this.#rest = null;
    this.#settle = null;
  }

  #askSoon(delayMs: number): void {
    const { clock } = this.#parts;
    if (this.#rest !== null) clock.clearTimeout(this.#rest);
    this.#rest = clock.setTimeout(() => {
      this.#rest = null;
      void this.#ask();
    }, delayMs);
  }

  #onBeat(): void {
    this.#beat = null;
    const { attention, paused } = this.#parts;
    if (attention.hidden() || (paused() && !this.#lacks())) this.#askLater();
    else void this.#ask();
  }

  #askLater(): void {
    if (this.#closed) return;
    const { clock } = this.#parts;
    if (this.#beat !== null) clock.clearTimeout(this.#beat);
    // A query that the hub does not understand will not be understood later either.
    if (this.#error?.code === "BAD_REQUEST") return;
    const delayMs = Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** this.#failures);
    this.#beat = clock.setTimeout(() => this.#onBeat(), delayMs);
  }

  async #ask(): Promise<void> {
    const query = this.#query;
    // The answer to the question that is out asks on by itself.
    if (this.#closed || query === null || this.#asking !== null) return;
    const asking = new AbortController();
    this.#asking = asking;
    const { first, last } = this.#range;
    // Another list begins at its top.
    const window =
      this.#pending || this.#book === null
        ? this.#bookFor(query).windowFor(0, last - first)
        : this.#book.windowFor(first, last);
    try {
      const answer = await this.#parts.list(query, window, asking.signal);
      if (!asking.signal.aborted) this.#onAnswer(query, answer, window);
    } catch (error) {
      if (!asking.signal.aborted) this.#onFailure(error);
    }
    if (asking.signal.aborted) return;
    this.#asking = null;
    this.#tell();
    const moved = this.#range.first !== first || this.#range.last !== last;
    if (moved && this.#error === null && this.#lacks()) this.#askSoon(0);
    this.#askLater();
  }

  #onAnswer(query: Query, answer: Answer, window: RowWindow): void {
    const { clock } = this.#parts;
    const begins = this.#pending;
    this.#pending = false;
    this.#answer = answer;
    this.#error = null;
    this.#failures = 0;
    if (this.#settle !== null) clock.clearTimeout(this.#settle);
    this.#settle = null;
    if (begins || this.#book === null) {
      this.#book = this.#bookFor(query);
      this.#order(answer, window);
      return;
    }
    const gone = this.#book.take(answer, window);
    if (!this.#mayOrder()) return;
    if (gone) this.#settle = clock.setTimeout(() => this.#onSettle(answer, window), TINT_MS);
    else this.#order(answer, window);
  }

  #onSettle(answer: Answer, window: RowWindow): void {
    this.#settle = null;
    if (!this.#mayOrder()) return;
    this.#order(answer, window);
    this.#tell();
  }

  #mayOrder(): boolean {
    return this.#holds.size === 0 && this.#parts.clock.now() - this.#orderedAt >= ORDER_MS;
  }

  #order(answer: Answer, window: RowWindow): void {
    this.#orderedAt = this.#parts.clock.now();
    this.#book?.settle(answer, window, this.#orderedAt);
  }

  #bookFor(query: Query): RowBook<Row, Query["sort"], Answer> {
    return new RowBook(this.#parts.kind, query);
  }

  /** True when a row in view is not known. */
  #lacks(): boolean {
    return this.#book?.lacks(this.#range.first, this.#range.last) ?? true;
  }

  #onFailure(error: unknown): void {
    this.#failures++;
    this.#error =
      error instanceof WsightError ? error : new WsightError("INTERNAL", "The answer made no sense", { cause: error });
  }

  #tell(): void {
    this.changed.value = this.changed.peek() + 1;
  }
}
