/** Rows shown around those in view that are kept up to date with them. */
const MARGIN = 20;
/** Most rows asked for at once. */
const MOST_ASKED = 200;
/** Most rows held: a few windows. */
export const MOST_HELD = 600;
/** Most rows that can be scrolled through: hubs tell no deeper ones of several nodes, and boxes have a tallest height. */
export const MOST_SCROLLED = 100_000;
/** A row that was open this long before the answer before is not new, it only came into sight; ms. */
const NEW_WITHIN_MS = 1500;
/** How long a new row is tinted, ms. */
export const TINT_MS = 600;

/** One place of the list, with the row that is shown there. */
export interface Slot<Row> {
  readonly key: string;
  readonly row: Row;
  /** Tinted as new until then, this machine's ms. */
  readonly tintedUntil: number;
  /** Seen to be gone; it leaves with the next change of order. */
  readonly closed: boolean;
}

/** What the rows are ordered by. */
export interface Order<Sort extends string> {
  readonly sort: Sort;
  readonly descending: boolean;
}

/** What the hub answers with: a window of the rows that match. */
export interface RowAnswer<Row> {
  /** ms epoch of the hub. */
  readonly at: number;
  readonly matched: number;
  readonly rows: readonly Row[];
}

/** What is to be known of the rows of one kind of list. */
export interface RowKind<Row, Sort extends string, Answer extends RowAnswer<Row>> {
  /** What names a row among all. */
  keyOf(row: Row): string;
  /** When it came to be, ms epoch of the hub: what is older than the answer before is not new in the list. */
  bornAt(row: Row): number;
  /** Compares two rows in an order whose figure does not change while they are there; `null` for other orders. */
  steady(order: Order<Sort>): ((one: Row, other: Row) => number) | null;
  /** A row that is shown, with its figures of now. */
  renewed(before: Row, now: Row): Row;
  /** False when an answer without a row says nothing of it. */
  tellsOf(answer: Answer, row: Row): boolean;
}

/** What is asked for: rows of the hub's list. */
export interface RowWindow {
  readonly offset: number;
  readonly limit: number;
}

/**
 * The rows of a list of which only windows are known. The hub orders anew with
 * every answer; here the order stands until {@link settle}. Between two of
 * those {@link take} renews the figures in place and leaves the names, marks
 * rows that are gone, and fills places that were never seen. Rows that came or
 * went above the window move the hub's list against what is shown; `shift` says
 * by how many rows, so that the next question asks for the rows that are on
 * screen.
 */
export class RowBook<Row, Sort extends string, Answer extends RowAnswer<Row>> {
  readonly #kind: RowKind<Row, Sort, Answer>;
  /** `null` where the order may change with every answer. */
  readonly #steady: ((one: Row, other: Row) => number) | null;
  readonly #slots = new Map<number, Slot<Row>>();
  readonly #places = new Map<string, number>();
  #matched: number | null = null;
  #shift = 0;
  /** Places up to the last row of all, told by an answer that reached it; `null` while only counted. */
  #end: number | null = null;
  #answeredAt = 0;

  constructor(kind: RowKind<Row, Sort, Answer>, order: Order<Sort>) {
    this.#kind = kind;
    this.#steady = kind.steady(order);
  }

  /** Rows that can be scrolled through; `null` before the first answer. */
  get count(): number | null {
    if (this.#matched === null) return null;
    return Math.min(MOST_SCROLLED, Math.max(0, this.#end ?? this.#matched - this.#shift));
  }

  /** Rows held. */
  get size(): number {
    return this.#slots.size;
  }

  /** The row at a place, `undefined` while it is not known. */
  at(place: number): Slot<Row> | undefined {
    return this.#slots.get(place);
  }

  /** True when a row from `first` to `last` is there and not known. */
  lacks(first: number, last: number): boolean {
    const end = Math.min(last, (this.count ?? 0) - 1);
    for (let place = Math.max(0, first); place <= end; place++) if (!this.#slots.has(place)) return true;
    return this.#matched === null;
  }

  /** What to ask for so that the rows from `first` to `last` and some around them are told. */
  windowFor(first: number, last: number): RowWindow {
    const limit = Math.min(MOST_ASKED, last - first + 1 + 2 * MARGIN);
    return { offset: Math.max(0, first - MARGIN + this.#shift), limit };
  }

  /** Takes an answer without a change of order. Returns true when rows are newly seen to be gone. */
  take(answer: Answer, { offset }: RowWindow): boolean {
    this.#matched = answer.matched;
    if (this.#steady !== null) this.#shift = this.#shiftOf(answer, offset);
    answer.rows.forEach((row, index) => {
      const key = this.#kind.keyOf(row);
      const known = this.#places.get(key);
      const place = known ?? offset + index - this.#shift;
      const slot = this.#slots.get(place);
      if (slot?.key === key) this.#slots.set(place, { ...slot, row: this.#kind.renewed(slot.row, row), closed: false });
      else if (slot === undefined && place >= 0) this.#put(place, row, 0);
    });
    const gone = this.#markGone(answer, offset);
    const told = offset + answer.rows.length;
    // Rows that are gone keep their places for a while, and with them the rows after them.
    this.#end = told >= answer.matched ? Math.max(-1, ...this.#slots.keys()) + 1 : null;
    this.#trim(offset - this.#shift);
    this.#answeredAt = answer.at;
    return gone;
  }

  /** Takes an answer, and its order. @param now this machine's ms */
  settle(answer: Answer, { offset }: RowWindow, now: number): void {
    const before = new Map([...this.#slots.values()].map((slot) => [slot.key, slot]));
    const newSince = this.#answeredAt === 0 ? Number.POSITIVE_INFINITY : this.#answeredAt - NEW_WITHIN_MS;
    this.#slots.clear();
    this.#places.clear();
    this.#shift = 0;
    this.#end = null;
    this.#matched = answer.matched;
    this.#answeredAt = answer.at;
    answer.rows.forEach((row, index) => {
      const known = before.get(this.#kind.keyOf(row));
      const tintedUntil = known?.tintedUntil ?? (this.#kind.bornAt(row) >= newSince ? now + TINT_MS : 0);
      this.#put(offset + index, row, tintedUntil);
    });
  }

  #put(place: number, row: Row, tintedUntil: number): void {
    const key = this.#kind.keyOf(row);
    this.#slots.set(place, { key, row, tintedUntil, closed: false });
    this.#places.set(key, place);
  }

  /** By how many rows the hub's list stands lower than what is shown: the middle of what the rows known say. */
  #shiftOf({ rows }: Answer, offset: number): number {
    const shifts = rows.flatMap((row, index) => {
      const place = this.#places.get(this.#kind.keyOf(row));
      return place === undefined ? [] : [offset + index - place];
    });
    return shifts.sort((a, b) => a - b)[shifts.length >> 1] ?? this.#shift;
  }

  #markGone(answer: Answer, offset: number): boolean {
    const told = new Set(answer.rows.map((row) => this.#kind.keyOf(row)));
    const covers = this.#coverage(answer, offset);
    let gone = false;
    for (const [place, slot] of this.#slots) {
      if (slot.closed || told.has(slot.key) || !covers(slot.row) || !this.#kind.tellsOf(answer, slot.row)) continue;
      this.#slots.set(place, { ...slot, closed: true });
      gone = true;
    }
    return gone;
  }

  /** Whether a row would be in this answer if it were still there. */
  #coverage({ rows, matched }: Answer, offset: number): (row: Row) => boolean {
    if (offset === 0 && rows.length >= matched) return () => true;
    const compare = this.#steady;
    const first = rows[0];
    const last = rows.at(-1);
    if (first === undefined || last === undefined || compare === null) return () => false;
    return (row) => (offset === 0 || compare(first, row) < 0) && compare(row, last) < 0;
  }

  /** Lets the rows go that are furthest from the newest window. */
  #trim(around: number): void {
    if (this.#slots.size <= MOST_HELD) return;
    const distance = (place: number) => Math.abs(place - around - MOST_ASKED / 2);
    const places = [...this.#slots.keys()].sort((a, b) => distance(b) - distance(a));
    for (const place of places.slice(0, this.#slots.size - MOST_HELD)) {
      const slot = this.#slots.get(place);
      if (slot !== undefined) this.#places.delete(slot.key);
      this.#slots.delete(place);
    }
  }
}
