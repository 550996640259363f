import { type KeyCounts, Names } from "./names.ts";

const PAGE_BITS = 8;
const PAGE_ROWS = 1 << PAGE_BITS;
const ROW_MASK = PAGE_ROWS - 1;

/** Fields of a row that may be large or fractional. */
const WIDE = 3;
const OPENED_AT = 0;
const BYTES_IN = 1;
const BYTES_OUT = 2;

/** Fields of a row that fit in 32 bits. */
const NARROW = 10;
const SERIAL = 0;
const MESSAGES_IN = 1;
const MESSAGES_OUT = 2;
const LAST_IN = 3;
const LAST_OUT = 4;
const BUFFERED_HIGH = 5;
const RTT_US = 6;
const USER = 7;
const CHANNEL = 8;
const PINGED = 9;

interface Page {
  readonly wide: Float64Array;
  readonly narrow: Uint32Array;
}

/** Everything known of one open connection. Times are ms epoch, to the second for `last…At`. */
export interface ConnectionState {
  /** Grows by one with every connection of the process; never used twice. */
  readonly serial: number;
  readonly openedAt: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly lastInAt: number | null;
  readonly lastOutAt: number | null;
  /** Most bytes that waited in its send buffer. */
  readonly bufferedHighBytes: number;
  /** Newest heartbeat round trip. */
  readonly rttMs: number | null;
  readonly user: string | null;
  readonly channel: string | null;
}

/** A state that is written over and over. */
export type StateInto = { -readonly [K in keyof ConnectionState]: ConnectionState[K] };

/** A state with nothing in it yet. */
export function emptyState(): StateInto {
  return {
    serial: 0,
    openedAt: 0,
    bytesIn: 0,
    bytesOut: 0,
    messagesIn: 0,
    messagesOut: 0,
    lastInAt: null,
    lastOutAt: null,
    bufferedHighBytes: 0,
    rttMs: null,
    user: null,
    channel: null,
  };
}

/** Message counts by row, at one moment. */
export interface MessageCounts {
  readonly serials: Uint32Array;
  readonly messagesIn: Uint32Array;
  readonly messagesOut: Uint32Array;
}

/**
 * One fixed-size state record per open connection: 64 bytes in pages of typed
 * arrays, so that ten thousand connections are forty objects to the garbage
 * collector and a scan of them is a walk over memory. A connection holds the
 * number of its row (`slot`); closing gives the row back.
 */
export class ConnectionTable {
  /** Connections that found no row because `max` were open. */
  refused = 0;
  /** Now, in whole seconds since `startedAt`: set once a second, so that a message costs no clock read. */
  second = 0;
  readonly #pages: Page[] = [];
  readonly #free: number[] = [];
  readonly #users = new Names();
  readonly #channels = new Names();
  readonly #startedAt: number;
  readonly #max: number;
  #rows = 0;
  #open = 0;
  #serial = 0;

  constructor(options: { readonly startedAt: number; readonly max: number }) {
    this.#startedAt = options.startedAt;
    this.#max = options.max;
  }

  /** The value of {@link second} for a time; 0 is kept for "never". */
  secondAt(at: number): number {
    return Math.max(1, Math.round((at - this.#startedAt) / 1000));
  }

  /** Open connections with a row. */
  get size(): number {
    return this.#open;
  }

  /** Takes a row. Returns its slot, or -1 when there is none left (counted). */
  open(at: number): number {
    if (this.#open >= this.#max) {
      this.refused++;
      return -1;
    }
    const slot = this.#free.pop() ?? this.#grow();
    const page = this.#page(slot);
    const row = slot & ROW_MASK;
    page.wide.fill(0, row * WIDE, (row + 1) * WIDE);
    page.narrow.fill(0, row * NARROW, (row + 1) * NARROW);
    page.wide[row * WIDE + OPENED_AT] = at;
    this.#serial = this.#serial === 0xffff_ffff ? 1 : this.#serial + 1;
    page.narrow[row * NARROW + SERIAL] = this.#serial;
    this.#open++;
    return slot;
  }

  /** Gives the row back. Returns when it was opened, or `null` for a slot that is not open. */
  close(slot: number): number | null {
    if (!this.isOpen(slot)) return null;
    const page = this.#page(slot);
    const row = slot & ROW_MASK;
    const openedAt = page.wide[row * WIDE + OPENED_AT] as number;
    this.#users.release(page.narrow[row * NARROW + USER] as number);
    this.#channels.release(page.narrow[row * NARROW + CHANNEL] as number);
    page.narrow[row * NARROW + SERIAL] = 0;
    this.#free.push(slot);
    this.#open--;
    return openedAt;
  }

  /** True for a slot that was opened and not closed. */
  isOpen(slot: number): boolean {
    if (slot < 0 || slot >= this.#rows) return false;
    return this.#page(slot).narrow[(slot & ROW_MASK) * NARROW + SERIAL] !== 0;
  }

  /** Counts a message that came in. Hot path. */
  received(slot: number, bytes: number): void {
    if (slot < 0) return;
    const page = this.#pages[slot >> PAGE_BITS] as Page;
    const row = slot & ROW_MASK;
    const narrow = row * NARROW;
    const wide = row * WIDE;
    page.wide[wide + BYTES_IN] = (page.wide[wide + BYTES_IN] as number) + bytes;
    page.narrow[narrow + MESSAGES_IN] = (page.narrow[narrow + MESSAGES_IN] as number) + 1;
    page.narrow[narrow + LAST_IN] = this.second;
  }

  /** Counts a message that went out. Hot path. */
  sent(slot: number, bytes: number): void {
    if (slot < 0) return;
    const page = this.#pages[slot >> PAGE_BITS] as Page;
    const row = slot & ROW_MASK;
    const narrow = row * NARROW;
    const wide = row * WIDE;
    page.wide[wide + BYTES_OUT] = (page.wide[wide + BYTES_OUT] as number) + bytes;
    page.narrow[narrow + MESSAGES_OUT] = (page.narrow[narrow + MESSAGES_OUT] as number) + 1;
    page.narrow[narrow + LAST_OUT] = this.second;
  }

  /** Adds bytes that belong to a message counted already, such as a binary attachment. */
  receivedMore(slot: number, bytes: number): void {
    if (slot < 0) return;
    const { wide } = this.#page(slot);
    const at = (slot & ROW_MASK) * WIDE + BYTES_IN;
    wide[at] = (wide[at] as number) + bytes;
  }

  /** The same for a message that went out. */
  sentMore(slot: number, bytes: number): void {
    if (slot < 0) return;
    const { wide } = this.#page(slot);
    const at = (slot & ROW_MASK) * WIDE + BYTES_OUT;
    wide[at] = (wide[at] as number) + bytes;
  }

  /** Notes bytes waiting in the send buffer; the record keeps the most. */
  buffered(slot: number, bytes: number): void {
    if (slot < 0) return;
    const { narrow } = this.#page(slot);
    const at = (slot & ROW_MASK) * NARROW + BUFFERED_HIGH;
    if (bytes > (narrow[at] as number)) narrow[at] = Math.min(bytes, 0xffff_ffff);
  }

  /** Notes a heartbeat round trip. */
  roundTrip(slot: number, ms: number): void {
    if (slot < 0) return;
    this.#page(slot).narrow[(slot & ROW_MASK) * NARROW + RTT_US] = Math.max(1, Math.min(ms * 1000, 0xffff_ffff));
  }

  /** Notes a ping that goes out at `hr` (ms, monotonic), unless an earlier one waits for its answer. */
  pinged(slot: number, hr: number): void {
    if (slot < 0) return;
    const { narrow } = this.#page(slot);
    const at = (slot & ROW_MASK) * NARROW + PINGED;
    if (narrow[at] === 0) narrow[at] = microseconds(hr) || 1;
  }

  /** Notes the answer to a ping. Returns the round trip in ms, or `null` when nobody asked. */
  ponged(slot: number, hr: number): number | null {
    if (slot < 0) return null;
    const { narrow } = this.#page(slot);
    const at = (slot & ROW_MASK) * NARROW + PINGED;
    const sent = narrow[at] as number;
    if (sent === 0) return null;
    narrow[at] = 0;
    const ms = ((microseconds(hr) - sent) >>> 0) / 1000;
    this.roundTrip(slot, ms);
    return ms;
  }

  /** Says whose connection it is; `null` for nobody's. */
  setUser(slot: number, user: string | null): void {
    this.#name(slot, USER, this.#users, user);
  }

  /** Says which channel it belongs to; `null` for none. */
  setChannel(slot: number, channel: string | null): void {
    this.#name(slot, CHANNEL, this.#channels, channel);
  }

  /** Open connections by user, the largest first. */
  users(limit: number): KeyCounts {
    return this.#users.top(limit);
  }

  /** Open connections by channel, the largest first. */
  channels(limit: number): KeyCounts {
    return this.#channels.top(limit);
  }

  /** Everything known of one open connection, or `null`. */
  read(slot: number): ConnectionState | null {
    const state = emptyState();
    return this.readInto(slot, state) ? state : null;
  }

  /** The same without a new object: for whoever looks at many. Returns false, and changes nothing, when the row is not in use. */
  readInto(slot: number, state: StateInto): boolean {
    if (!this.isOpen(slot)) return false;
    const { narrow, wide } = this.#page(slot);
    const n = (slot & ROW_MASK) * NARROW;
    const w = (slot & ROW_MASK) * WIDE;
    const rtt = narrow[n + RTT_US] as number;
    state.serial = narrow[n + SERIAL] as number;
    state.openedAt = wide[w + OPENED_AT] as number;
    state.bytesIn = wide[w + BYTES_IN] as number;
    state.bytesOut = wide[w + BYTES_OUT] as number;
    state.messagesIn = narrow[n + MESSAGES_IN] as number;
    state.messagesOut = narrow[n + MESSAGES_OUT] as number;
    state.lastInAt = this.#timeOf(narrow[n + LAST_IN] as number);
    state.lastOutAt = this.#timeOf(narrow[n + LAST_OUT] as number);
    state.bufferedHighBytes = narrow[n + BUFFERED_HIGH] as number;
    state.rttMs = rtt === 0 ? null : rtt / 1000;
    state.user = this.#users.nameOf(narrow[n + USER] as number);
    state.channel = this.#channels.nameOf(narrow[n + CHANNEL] as number);
    return true;
  }

  /** The number of the connection that has the row, 0 when none has. */
  serialAt(slot: number): number {
    return this.isOpen(slot) ? (this.#page(slot).narrow[(slot & ROW_MASK) * NARROW + SERIAL] as number) : 0;
  }

  /** Whose connection it is. */
  userAt(slot: number): string | null {
    if (slot < 0 || slot >= this.#rows) return null;
    return this.#users.nameOf(this.#page(slot).narrow[(slot & ROW_MASK) * NARROW + USER] as number);
  }

  /** Rows there are, in use or not: every slot is below this. */
  get rows(): number {
    return this.#rows;
  }

  /** Copies numbers and message counts of the rows from `slot` to the end of its page. Returns where the next page begins. */
  copyCounts(slot: number, into: MessageCounts): number {
    const end = Math.min(this.#rows, (slot | ROW_MASK) + 1);
    const { narrow } = this.#page(slot);
    for (let at = slot; at < end; at++) {
      const row = (at & ROW_MASK) * NARROW;
      into.serials[at] = narrow[row + SERIAL] as number;
      into.messagesIn[at] = narrow[row + MESSAGES_IN] as number;
      into.messagesOut[at] = narrow[row + MESSAGES_OUT] as number;
    }
    return end;
  }

  /** Bytes the table takes. */
  memoryBytes(): number {
    const rows = this.#pages.length * PAGE_ROWS * (WIDE * 8 + NARROW * 4);
    return rows + this.#free.length * 8 + this.#users.memoryBytes() + this.#channels.memoryBytes();
  }

  #name(slot: number, field: number, names: Names, name: string | null): void {
    if (!this.isOpen(slot)) return;
    const { narrow } = this.#page(slot);
    const at = (slot & ROW_MASK) * NARROW + field;
    const before = narrow[at] as number;
    narrow[at] = name === null ? 0 : names.take(name);
    names.release(before);
  }

  #timeOf(second: number): number | null {
    return second === 0 ? null : this.#startedAt + second * 1000;
  }

  #page(slot: number): Page {
    return this.#pages[slot >> PAGE_BITS] as Page;
  }

  #grow(): number {
    if (this.#rows === this.#pages.length * PAGE_ROWS) {
      this.#pages.push({ wide: new Float64Array(PAGE_ROWS * WIDE), narrow: new Uint32Array(PAGE_ROWS * NARROW) });
    }
    return this.#rows++;
  }
}

/** A monotonic time in whole µs modulo 2^32: differences of up to 71 minutes stay right. */
function microseconds(hr: number): number {
  return Math.round(hr * 1000) >>> 0;
}
