import { Histogram, MAX_SHAPE_LENGTH, OTHER, type QueryRow } from "@wsight/protocol";
import type { Redact } from "../redact.ts";
import type { SqlOperation } from "../statements/sql-operation.ts";
import { readSql } from "../statements/sql-shape.ts";

/** Shapes kept, of all clients together; what shares a place not counted. */
const MAX_SHAPES = 200;
/** Shares of the places that are freed at a time, and how often that may be, ms. */
const EVICTION_SHARE = 0.1;
const EVICTION_MS = 30_000;
/** Statements whose reading is kept, twice over: the newest, and those used since they were. */
const MAX_TEXTS = 500;
/** Longer texts are read anew each time. Lists of values make them so, and they are seldom the same twice. */
const MAX_TEXT_LENGTH = 4096;

/** A statement as one client runs it. */
export interface Statement {
  readonly shape: string;
  readonly operation: SqlOperation;
}

/** What is known of one shape. */
interface Entry {
  readonly client: QueryClient;
  readonly shape: string;
  readonly durations: Histogram;
  errors: number;
  lastAt: number;
  /** Calls when places were last freed. */
  swept: number;
  /** True once its place was freed. */
  gone: boolean;
}

interface KnownStatement extends Statement {
  entry: Entry | null;
}

/** Statements of one client. */
export interface QueryClient {
  readonly name: string;
  readonly system: string;
  /** Reads a text of SQL, or remembers what it read; for a hot statement that is one look into a map. */
  readonly sql: (text: string) => Statement;
  /** A statement that is no SQL; `shape` must come from code, never from data. Keep what it returns. */
  readonly named: (shape: string, operation: SqlOperation) => Statement;
  /** Notes that a statement of this client took so long. */
  readonly note: (statement: Statement, seconds: number) => void;
  /** Notes that it failed. */
  readonly noteError: (statement: Statement) => void;
  /** Forgets this client. */
  readonly end: () => void;
}

/** What a {@link QueryBook} works with. */
export interface QueryBookOptions {
  /** Wall clock, ms epoch. */
  readonly now: () => number;
  /** The application's own redaction, which sees shapes too. */
  readonly redact?: Redact | undefined;
}

/**
 * Statements by their shape: which there are, how often they run, what they
 * take. At most 200 shapes; while there are more, those without a place share
 * one row for each client, `_other`, and every 30 s the coldest tenth gives up
 * its places.
 */
export class QueryBook {
  /** Grows when something was noted. */
  version = 0;
  /** Shapes seen, those that found no place included. */
  total = 0;
  readonly #options: QueryBookOptions;
  readonly #clients = new Set<Client>();
  #places = 0;
  #evictAt = Number.NEGATIVE_INFINITY;

  constructor(options: QueryBookOptions) {
    this.#options = options;
  }

  /** Begins to note statements of a client, under the name its series carry. */
  client(name: string, system: string): QueryClient {
    const client = new Client(name, system, {
      now: this.#options.now,
      redact: bounded(this.#options.redact),
      noted: () => {
        this.version++;
      },
      place: (shape, isNew) => this.#place(client, shape, isNew),
      ended: () => this.#forget(client),
    });
    this.#clients.add(client);
    return client;
  }

  /** The shapes that took most time, at most so many; those that share a place last. */
  rows(limit: number): readonly QueryRow[] {
    const entries = [...this.#clients].flatMap(({ entries }) => [...entries.values()]);
    const called = entries.filter(({ durations, errors }) => durations.count + errors > 0);
    const ownFirst = (a: Entry, b: Entry): number => Number(a.shape === OTHER) - Number(b.shape === OTHER);
    called.sort((a, b) => ownFirst(a, b) || b.durations.sum - a.durations.sum);
    const shared = called.filter(({ shape }) => shape === OTHER).slice(0, limit);
    return [...called.slice(0, called.length - shared.length).slice(0, limit - shared.length), ...shared].map(toRow);
  }

  /** Begins anew. */
  reset(): void {
    for (const client of this.#clients) client.clear();
    this.#places = 0;
    this.total = 0;
    this.version++;
  }

  #place(client: Client, shape: string, isNew: boolean): Entry {
    const known = client.entries.get(shape);
    if (known !== undefined) return known;
    if (isNew) this.total++;
    if (this.#places >= MAX_SHAPES) this.#free();
    if (this.#places >= MAX_SHAPES) return this.#make(client, OTHER);
    this.#places++;
    return this.#make(client, shape);
  }

  #make(client: Client, shape: string): Entry {
    const known = client.entries.get(shape);
    if (known !== undefined) return known;
    const durations = new Histogram();
    const made = { client, shape, durations, errors: 0, lastAt: 0, swept: 0, gone: false };
    client.entries.set(shape, made);
    return made;
  }

  /** Frees the coldest places, at most every 30 s: a flood of new shapes can't push out the hot ones. */
  #free(): void {
    const now = this.#options.now();
    if (now < this.#evictAt) return;
    this.#evictAt = now + EVICTION_MS;
    const entries = [...this.#clients].flatMap(({ entries }) => [...entries.values()]);
    const own = entries.filter(({ shape }) => shape !== OTHER);
    own.sort((a, b) => growth(a) - growth(b) || a.lastAt - b.lastAt);
    for (const entry of own.slice(0, Math.ceil(MAX_SHAPES * EVICTION_SHARE))) this.#evict(entry);
    for (const entry of own) entry.swept = entry.durations.count;
  }

  #evict(entry: Entry): void {
    const client = entry.client as Client;
    const other = this.#make(client, OTHER);
    entry.gone = true;
    client.entries.delete(entry.shape);
    this.#places--;
    other.durations.merge(entry.durations);
    other.errors += entry.errors;
    other.lastAt = Math.max(other.lastAt, entry.lastAt);
  }

  #forget(client: Client): void {
    if (!this.#clients.delete(client)) return;
    for (const shape of client.entries.keys()) if (shape !== OTHER) this.#places--;
    client.clear();
    this.version++;
  }
}

interface ClientOptions {
  readonly now: () => number;
  readonly redact: Redact;
  readonly noted: () => void;
  readonly place: (shape: string, isNew: boolean) => Entry;
  readonly ended: () => void;
}

class Client implements QueryClient {
  readonly name: string;
  readonly system: string;
  readonly entries: Map<string, Entry> = new Map();
  readonly #options: ClientOptions;
  #young = new Map<string, KnownStatement>();
  #old = new Map<string, KnownStatement>();

  constructor(name: string, system: string, options: ClientOptions) {
    this.name = name;
    this.system = system;
    this.#options = options;
  }

  sql(text: string): Statement {
    return this.#young.get(text) ?? this.#recall(text);
  }

  named(shape: string, operation: SqlOperation): Statement {
    const known: KnownStatement = { shape, operation, entry: null };
    return known;
  }

  note(statement: Statement, seconds: number): void {
    const entry = this.#entryOf(statement);
    entry.durations.record(seconds);
    entry.lastAt = this.#options.now();
    this.#options.noted();
  }

  noteError(statement: Statement): void {
    this.#entryOf(statement).errors++;
    this.#options.noted();
  }

  end(): void {
    this.#options.ended();
  }

  /** Forgets what was counted; readings stay. */
  clear(): void {
    for (const entry of this.entries.values()) entry.gone = true;
    this.entries.clear();
  }

  #recall(text: string): Statement {
    const known = this.#old.get(text) ?? this.#read(text);
    if (text.length > MAX_TEXT_LENGTH) return known;
    // Two maps in turn are a list of the most recently used without any work for what is found at once.
    if (this.#young.size >= MAX_TEXTS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, known);
    return known;
  }

  #read(text: string): KnownStatement {
    const { shape, operation } = readSql(text);
    return { shape: this.#options.redact(shape), operation, entry: null };
  }

  #entryOf(statement: Statement): Entry {
    const known = statement as KnownStatement;
    const isNew = known.entry === null || known.entry.gone;
    // A statement without a place looks for one again, since places become free.
    if (known.entry === null || isNew || known.entry.shape === OTHER) {
      known.entry = this.#options.place(known.shape, isNew);
    }
    return known.entry;
  }
}

function growth({ durations, swept }: Entry): number {
  return durations.count - swept;
}

function toRow({ client, shape, durations, errors, lastAt }: Entry): QueryRow {
  const { name, system } = client;
  const p95Seconds = durations.quantile(0.95);
  const maxSeconds = durations.count > 0 ? durations.max : null;
  const calls = durations.count;
  return { client: name, system, shape, calls, errors, totalSeconds: durations.sum, p95Seconds, maxSeconds, lastAt };
}

function bounded(redact: Redact | undefined): Redact {
  if (redact === undefined) return (shape) => shape;
  return (shape) => {
    try {
      return String(redact(shape)).slice(0, MAX_SHAPE_LENGTH);
    } catch {
      return "(withheld: the redact option threw)";
    }
  };
}
