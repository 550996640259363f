import { encodeLinkText, MAX_TAIL_ROWS, type ProbeAsk, type TailFilter, type TailRow } from "@wsight/protocol";
import type { ConnectionTable } from "../connections.ts";
import type { Redact } from "../redact.ts";
import { type PayloadReader, showFields } from "./payload.ts";

/** Time between two frames, ms. */
const FRAME_MS = 250;
/** Event names of which it is remembered whether a filter's words take them. */
const MAX_NAMES = 512;
/** Bytes of payloads that are read for one frame; of what comes beyond them no fields are told. */
const MAX_READ = 256 * 1024;

/** A message as a hook tells it. */
export interface TailedMessage {
  /** Row of its connection; -1 when that has none. */
  readonly slot: number;
  readonly direction: "in" | "out";
  readonly event: string;
  readonly library: string;
  readonly bytes: number;
  readonly data: unknown;
  readonly reader: PayloadReader;
}

/** What hooks tell messages to, while somebody follows them. */
export interface MessageTap {
  /** False while nobody does: all that a message looks at then. */
  readonly on: boolean;
  readonly message: (message: TailedMessage) => void;
}

/** What begins, changes or ends a tail. */
export type TailAsk = Extract<ProbeAsk, { readonly kind: "tail" }>;

/** What a tail works with. */
export interface TailContext {
  readonly connections: ConnectionTable;
  readonly redact: Redact;
  /** Fields of payloads that may be shown; `null`: payloads are not looked at. */
  readonly fields: ReadonlySet<string> | null;
  readonly now: () => number;
  readonly epoch: () => number;
  /** Stands between a timer of ours and the process. */
  readonly run: (fn: () => void) => void;
}

/** One who follows: a link. */
interface Follower {
  readonly send: (text: string) => boolean;
  readonly filters: readonly Sieve[];
  readonly perSecond: number;
  readonly until: number;
  rows: TailRow[];
}

/**
 * Shows messages as they pass, to links that ask for it. Off, it is one field
 * that hooks look at. On, each filter takes so many messages a second (a
 * bucket that fills with every frame), the others that fit are counted as
 * passed. It ends by itself when it is not asked for again.
 */
export class Tail implements MessageTap {
  on = false;
  readonly #context: TailContext;
  readonly #followers = new Map<object, Follower>();
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that may still be read before the next frame. */
  #readable = MAX_READ;

  constructor(context: TailContext) {
    this.#context = context;
  }

  /** Begins, changes, prolongs or ends what `link` follows. Returns how many filters it follows now. */
  follow(link: object, send: (text: string) => boolean, { filters, perSecond, forMs }: TailAsk): number {
    const before = this.#followers.get(link);
    this.#followers.delete(link);
    if (filters.length > 0) {
      const until = this.#context.now() + forMs;
      this.#followers.set(link, { send, perSecond, until, ...this.#sieves(filters, perSecond, before) });
    }
    this.#switch();
    return filters.length;
  }

  /** A link follows nothing any more. */
  leave(link: object): void {
    if (this.#followers.delete(link)) this.#switch();
  }

  message(message: TailedMessage): void {
    // Read once, however many take it.
    let fields: TailRow["fields"] | undefined;
    for (const follower of this.#followers.values()) {
      for (const [index, sieve] of follower.filters.entries()) {
        if (!sieve.takes(message, this.#context.connections)) continue;
        if (follower.rows.length < MAX_TAIL_ROWS && sieve.pay()) {
          fields ??= this.#fieldsOf(message);
          follower.rows.push(this.#row(message, index, fields));
        } else sieve.passed++;
      }
    }
  }

  /** Nobody follows any more. */
  end(): void {
    this.#followers.clear();
    this.#switch();
  }

  /** A filter that was followed already goes on with what it had; rows that wait keep their place only when all do. */
  #sieves(
    filters: readonly TailFilter[],
    perSecond: number,
    before: Follower | undefined,
  ): Pick<Follower, "filters" | "rows"> {
    const same =
      before !== undefined &&
      before.perSecond === perSecond &&
      JSON.stringify(before.filters.map(({ filter }) => filter)) === JSON.stringify(filters);
    return same ? before : { filters: filters.map((filter) => new Sieve(filter, perSecond)), rows: [] };
  }

  #fieldsOf({ bytes, data, reader }: TailedMessage): TailRow["fields"] {
    const { fields, redact } = this.#context;
    if (fields === null) return null;
    if (bytes > this.#readable) return [];
    this.#readable -= bytes;
    return showFields(reader.bodyOf(data), fields, redact);
  }

  #row(
    { slot, direction, event, library, bytes, data, reader }: TailedMessage,
    filter: number,
    fields: TailRow["fields"],
  ): TailRow {
    const { connections, now } = this.#context;
    return {
      at: now(),
      filter,
      connection: connections.serialAt(slot) || null,
      user: connections.userAt(slot),
      direction,
      event: event.slice(0, 256),
      library,
      namespace: reader.namespaceOf(data)?.slice(0, 256) ?? null,
      bytes,
      fields,
    };
  }

  #switch(): void {
    this.on = this.#followers.size > 0;
    if (!this.on) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#context.run(() => this.#flush()), FRAME_MS);
      this.#timer.unref();
    }
  }

  #flush(): void {
    const now = this.#context.now();
    this.#readable = MAX_READ;
    for (const [link, follower] of this.#followers) {
      const { filters, rows } = follower;
      const passed = filters.map((sieve) => sieve.step(FRAME_MS / 1000));
      follower.rows = [];
      if (rows.length > 0 || passed.some((count) => count > 0)) {
        follower.send(encodeLinkText({ type: "tail", epoch: this.#context.epoch(), rows, passed }));
      }
      if (now >= follower.until) this.leave(link);
    }
  }
}

/** One filter of one follower, with its bucket. */
class Sieve {
  /** Messages that fitted and were not taken, since the newest frame. */
  passed = 0;
  readonly filter: TailFilter;
  readonly #perSecond: number;
  readonly #names = new Map<string, boolean>();
  #tokens: number;

  constructor(filter: TailFilter, perSecond: number) {
    this.filter = filter;
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  takes({ slot, direction, event, data, reader }: TailedMessage, connections: ConnectionTable): boolean {
    const { filter } = this;
    if (filter.direction !== undefined && filter.direction !== direction) return false;
    if (filter.event !== undefined && filter.event !== event) return false;
    if (filter.connection !== undefined && filter.connection !== connections.serialAt(slot)) return false;
    if (filter.text.length > 0 && !this.#hasWords(event)) return false;
    if (filter.user !== undefined && filter.user !== connections.userAt(slot)) return false;
    return filter.namespace === undefined || filter.namespace === reader.namespaceOf(data);
  }

  /** Takes a message out of the bucket; false when it is empty. */
  pay(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Ends a frame: the bucket fills. Returns what passed. */
  step(seconds: number): number {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + this.#perSecond * seconds);
    const { passed } = this;
    this.passed = 0;
    return passed;
  }

  #hasWords(event: string): boolean {
    let has = this.#names.get(event);
    if (has === undefined) {
      if (this.#names.size >= MAX_NAMES) this.#names.clear();
      const name = event.toLowerCase();
      has = this.filter.text.every((word) => name.includes(word));
      this.#names.set(event, has);
    }
    return has;
  }
}
