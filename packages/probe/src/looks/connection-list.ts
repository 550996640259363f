import {
  type ConnectionDetail,
  type ConnectionPage,
  type ConnectionQuery,
  type ConnectionRow,
  WsightError,
} from "@wsight/protocol";
import { type ConnectionTable, emptyState } from "../connections.ts";
import type { Redact } from "../redact.ts";
import { detailOf, rowOf } from "./connection-row.ts";
import type { ConnectionSource } from "./connection-source.ts";
import { compileFilter } from "./filter.ts";
import type { Found } from "./found.ts";
import { MessageRates } from "./message-rates.ts";
import { comparePlaced, FirstOf, type KeyParts, type Placed, SORT_KEYS, sortInSlices } from "./order.ts";
import { type Allowance, createPacer, type Pacer } from "./pacer.ts";

/** How long an order stands, so that pages of it belong together, ms. */
const ORDER_MS = 2000;
/** Orders kept at once. */
const MAX_ORDERS = 4;
/** Places that are found without sorting everything. */
const FIRST_PLACES = 512;
/** Connections looked at between two looks at the clock. */
const STRIDE = 64;

/** Says whether whoever asked still waits. */
export type Wanted = () => boolean;

/** What a list works with. */
export interface ListContext {
  readonly connections: ConnectionTable;
  readonly redact: Redact;
  readonly now: () => number;
  readonly hr: () => number;
  /** Pays for walks. */
  readonly allowance: Allowance;
}

/** What a walk shows: written over at each step. */
type Visited = { -readonly [K in keyof Placed]: Placed[K] };

/** Connections in an order, as they were at one moment. */
interface Order {
  readonly takenAt: number;
  readonly open: number;
  readonly matched: number;
  /** The first of them, or all. */
  readonly placed: readonly Placed[];
}

/**
 * Answers questions about single connections from the libraries' own state.
 * Nothing is kept while nobody looks; what a question needs is gathered in
 * slices of a few milliseconds that take at most a third of the event loop in
 * the long run, and an order stands for two seconds, so that
 * the pages of it are cheap and belong together. The usual first page keeps
 * only the first places while it walks; a page further down sorts them all.
 */
export class ConnectionList {
  readonly #context: ListContext;
  readonly #sources = new Set<ConnectionSource>();
  readonly #rates: MessageRates;
  readonly #orders = new Map<string, Order>();
  #forget: NodeJS.Timeout | undefined;

  constructor(context: ListContext) {
    this.#context = context;
    this.#rates = new MessageRates(context.connections, context.hr);
  }

  /** Lists the connections of a source too. Returns how to end that. */
  add(source: ConnectionSource): () => void {
    this.#sources.add(source);
    return () => {
      if (this.#sources.delete(source)) this.#orders.clear();
    };
  }

  /** A page of open connections. Ends early, with what it has, once nobody waits for it. */
  async page(query: ConnectionQuery, wanted: Wanted): Promise<ConnectionPage> {
    this.#rates.asked();
    const pacer = createPacer(this.#context.hr, this.#context.allowance);
    const { offset, limit } = query;
    if (pacer.due()) await pacer.pause();
    const order = this.#known(query) ?? (await this.#take(query, pacer, wanted));
    const at = this.#context.now();
    const rows: ConnectionRow[] = [];
    for (const placed of order.placed.slice(offset, offset + limit)) {
      const row = rowOf(placed, this.#rowParts(), at);
      if (row !== null) rows.push(row);
      if (pacer.due()) await pacer.pause();
    }
    pacer.end();
    return { at, open: order.open, matched: order.matched, rows };
  }

  /** A close look at one connection. @throws WsightError `NOT_FOUND` */
  async detail(connection: number, wanted: Wanted): Promise<ConnectionDetail> {
    this.#rates.asked();
    const found = await this.#find(connection, wanted);
    const detail = detailOf(found, this.#rowParts(), this.#context.now());
    if (detail === null) throw gone(connection);
    return detail;
  }

  /** Ends one connection. @throws WsightError `NOT_FOUND`, or `BAD_REQUEST` when nobody can end it */
  async disconnect(connection: number, wanted: Wanted): Promise<void> {
    const { look, connection: open, source } = await this.#find(connection, wanted);
    if (!wanted()) return;
    if (look.disconnect === null) {
      throw new WsightError(
        "BAD_REQUEST",
        `connection ${connection} was reported by the application (${source.library}): only the application can end it`,
      );
    }
    // Whoever looks next should see it go.
    this.#orders.clear();
    look.disconnect(open);
  }

  /** Forgets everything that looking has gathered. */
  end(): void {
    clearTimeout(this.#forget);
    this.#orders.clear();
    this.#rates.end();
  }

  /** Bytes kept because somebody looks. */
  memoryBytes(): number {
    let bytes = this.#rates.memoryBytes();
    for (const { placed } of this.#orders.values()) bytes += placed.length * 80;
    return bytes;
  }

  #rowParts(): Parameters<typeof rowOf>[1] {
    return { connections: this.#context.connections, rates: this.#rates, redact: this.#context.redact };
  }

  #known(query: ConnectionQuery): Order | undefined {
    const order = this.#orders.get(nameOf(query));
    if (order === undefined || this.#context.hr() - order.takenAt > ORDER_MS) return undefined;
    const last = Math.min(order.matched, query.offset + query.limit);
    return last <= order.placed.length || query.offset >= order.matched ? order : undefined;
  }

  async #take(query: ConnectionQuery, pacer: Pacer, wanted: Wanted): Promise<Order> {
    const { sort, descending, offset, limit } = query;
    const { connections, hr, now } = this.#context;
    const compare = comparePlaced(descending);
    const takes = compileFilter(query.filter);
    const keyOf = SORT_KEYS[sort];
    const takenAt = hr();
    const at = now();
    const first = offset + limit <= FIRST_PLACES ? new FirstOf(limit === 0 ? 0 : FIRST_PLACES, compare) : null;
    const all: Placed[] = [];
    const state = emptyState();
    const rateOf: KeyParts["rateOf"] = (slot, of) => this.#rates.read(slot, of);
    let matched = 0;
    const open = await this.#walk(pacer, wanted, (found) => {
      if (!connections.readInto(found.slot, state) || !takes(found, state, at)) return false;
      matched++;
      found.key = keyOf({ found, state, rateOf });
      if (first === null) all.push({ ...found });
      else if (first.wants(found)) first.take({ ...found });
      return false;
    });
    const placed = first === null ? await sortInSlices(all, compare, pacer) : first.sorted();
    const order = { takenAt, open, matched, placed };
    const unsure = (sort === "in" || sort === "out") && !this.#rates.areKnown();
    if (wanted() && !unsure) this.#keep(nameOf(query), order);
    return order;
  }

  /**
   * Visits open connections that have a record until a visit answers true.
   * Each is shown in the same object: thousands of new ones would cost more
   * than the look. Returns how many are open.
   */
  async #walk(pacer: Pacer, wanted: Wanted, visit: (found: Visited) => boolean): Promise<number> {
    let open = 0;
    let steps = 0;
    for (const source of [...this.#sources]) {
      const look = source.look();
      const found: Visited = { source, look, connection: look, slot: -1, serial: 0, key: null };
      for (const connection of look.walk()) {
        if (++steps % STRIDE === 0 && pacer.due()) {
          await pacer.pause();
          if (!wanted()) return open;
        }
        if (connection === null) continue;
        open++;
        found.connection = connection;
        found.slot = look.slotOf(connection);
        found.serial = this.#context.connections.serialAt(found.slot);
        if (found.serial !== 0 && visit(found)) return open;
      }
    }
    return open;
  }

  async #find(connection: number, wanted: Wanted): Promise<Found> {
    let wantedOne: Found | undefined;
    const pacer = createPacer(this.#context.hr, this.#context.allowance);
    await this.#walk(pacer, wanted, (found) => {
      if (found.serial !== connection) return false;
      wantedOne = { ...found };
      return true;
    });
    pacer.end();
    if (wantedOne === undefined) throw gone(connection);
    return wantedOne;
  }

  #keep(key: string, order: Order): void {
    this.#orders.delete(key);
    this.#orders.set(key, order);
    for (const [oldest, { takenAt }] of this.#orders) {
      if (this.#orders.size <= MAX_ORDERS && order.takenAt - takenAt <= ORDER_MS) break;
      this.#orders.delete(oldest);
    }
    clearTimeout(this.#forget);
    // An order holds the libraries' own objects: nothing of that after it has had its time.
    this.#forget = setTimeout(() => this.#orders.clear(), ORDER_MS);
    this.#forget.unref();
  }
}

function nameOf({ filter, sort, descending }: ConnectionQuery): string {
  return JSON.stringify([sort, descending, Object.entries(filter).sort()]);
}

function gone(connection: number): WsightError {
  return new WsightError("NOT_FOUND", `connection ${connection} is not open in this process`);
}
