import type { Series } from "@wsight/protocol";
import type { Sample, Store, StoreQuery, StoreStats } from "../old-store.ts";
import { SamplePacker, SeriesBook } from "../pack.ts";
import { checkSamples } from "../storable.ts";
import { Lane, type PgClientLike, type Session, type Work } from "./lane.ts";
import { type Place, readPlace } from "./place.ts";
import { migrate } from "./schema.ts";
import { deleteNamesUnused, deleteSlice, Inserter, PRUNE_ROWS, readPages } from "./statements.ts";

/** Rows of a table that are counted one by one; beyond, the server's own estimate is taken. */
const COUNTED_ROWS = 1_000_000;
const CONNECT_MS = 5_000;
/** Longest that a statement may take on the server, and that its answer may take to come. */
const STATEMENT_MS = 20_000;
const ANSWER_MS = 25_000;

/** How a PostgreSQL is used as a store. */
export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`; parameters as `pg` takes them. */
  readonly url: string;
  /** Longest that a connection may take to come about, ms. @default 5_000 */
  readonly connectMs?: number;
  /** Longest that an answer may take to come, ms. @default 25_000 */
  readonly answerMs?: number;
  /** `PGPASSWORD` and its like are read from it. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A store behind a network. */
export interface PostgresStore extends Store {
  /** `PostgreSQL 17.2 at postgres://host:5432/database`; the version once it is known. */
  readonly engine: string;
  /** Resolves when it can be used. @throws WsightError `STORE_UNAVAILABLE` saying why not */
  check(): Promise<void>;
}

/**
 * Keeps history in PostgreSQL (12 or newer), in a schema of its own, `wsight`,
 * which it makes. Several hubs may share a database; what is older than the
 * shortest of their retentions is deleted.
 *
 * Nothing is connected before the first call. Two connections at most: one
 * that writes and one that reads, so that neither waits for the other; both are
 * closed when they were idle for half a minute. Each append is one transaction.
 * @throws WsightError `BAD_OPTION` for an address that is none, or when `pg` can't be loaded
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const place = readPlace(options.url, options.environment ?? process.env);
  return new RemoteTables(place, await loadClients(options));
}

/** Loaded by who uses it alone. */
async function loadClients({
  url,
  connectMs = CONNECT_MS,
  answerMs = ANSWER_MS,
}: PostgresStoreOptions): Promise<() => PgClientLike> {
  const { default: pg } = await import("pg");
  return () =>
    new pg.Client({
      application_name: "wsight",
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      keepAlive: true,
    }) as unknown as PgClientLike;
}

class RemoteTables implements PostgresStore {
  readonly name = "postgres";
  readonly #place: Place;
  readonly #writing: Lane;
  readonly #reading: Lane;
  readonly #inserter = new Inserter();
  readonly #packer = new SamplePacker();
  #version = "";
  #migrated: Promise<void> | null = null;

  constructor(place: Place, open: () => PgClientLike) {
    this.#place = place;
    this.#writing = new Lane(open, (session) => this.#prepare(session));
    this.#reading = new Lane(open, (session) => this.#prepare(session));
  }

  get engine(): string {
    return `PostgreSQL${this.#version && ` ${this.#version}`} at ${this.#place.name}`;
  }

  check(): Promise<void> {
    return this.#use(this.#writing, async (session) => {
      await session.run("SELECT 1");
    });
  }

  async append(samples: readonly Sample[]): Promise<void> {
    checkSamples(samples);
    if (samples.length === 0) return;
    const packed = this.#packer.pack(samples);
    await this.#use(this.#writing, (session) => this.#inserter.insert(session, packed));
  }

  async read(query: StoreQuery, { signal }: { readonly signal?: AbortSignal } = {}): Promise<readonly Sample[]> {
    signal?.throwIfAborted();
    const samples: Sample[] = [];
    const book = new SeriesBook();
    const take = (row: readonly unknown[], node: string, series: Series): void => {
      samples.push(sampleOf(row, node, series));
    };
    const reading = this.#use(this.#reading, async (session) => {
      // Who gave up while this waited for its turn wants nothing any more.
      signal?.throwIfAborted();
      const pid = signal === undefined ? null : await backendOf(session);
      const cancel = (): void => void this.#cancel(pid);
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        await readPages(session, query, book, take, signal);
        // The server may yet hear of it: then this connection must not be the next reader's.
        signal?.throwIfAborted();
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    });
    await orAborted(reading, signal);
    return samples;
  }

  async prune(beforeAt: number): Promise<number> {
    let removed = 0;
    for (let slice = PRUNE_ROWS; slice === PRUNE_ROWS; removed += slice) {
      slice = await this.#use(this.#writing, (session) => deleteSlice(session, beforeAt));
    }
    if (removed > 0 && (await this.#use(this.#writing, deleteNamesUnused))) this.#inserter.forget();
    return removed;
  }

  async stats(): Promise<StoreStats> {
    return this.#use(this.#reading, async (session) => {
      const [[oldest] = []] = await session.run("SELECT min(at) FROM wsight.samples");
      const [[bytes] = []] = await session.run(
        "SELECT pg_total_relation_size('wsight.samples') + pg_total_relation_size('wsight.series')",
      );
      const samples = await countRows(session);
      return { samples, bytes: Number(bytes), oldestAt: oldest === null ? null : Number(oldest), setAside: [] };
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#writing.close(), this.#reading.close()]);
  }

  /** On each new connection. */
  async #prepare(session: Session): Promise<void> {
    await session.run(`SET statement_timeout = ${STATEMENT_MS}; SET idle_in_transaction_session_timeout = 60000`);
    const [[version] = []] = await session.run("SHOW server_version");
    this.#version = String(version).split(" ", 1)[0] ?? "";
    this.#migrated ??= migrate(session);
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = null;
      throw error;
    }
  }

  async #use<T>(lane: Lane, work: Work<T>): Promise<T> {
    try {
      return await lane.run(work);
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") throw error;
      throw this.#place.failure(error);
    }
  }

  /** Tells the server not to go on with a read that nobody waits for. */
  async #cancel(pid: number | null): Promise<void> {
    if (pid === null) return;
    await this.#use(this.#writing, (session) => session.run("SELECT pg_cancel_backend($1)", [pid])).catch(
      () => undefined,
    );
  }
}

async function backendOf(session: Session): Promise<number> {
  const [[pid] = []] = await session.run("SELECT pg_backend_pid()");
  return Number(pid);
}

async function countRows(session: Session): Promise<number> {
  const [[counted] = []] = await session.run(
    `SELECT count(*) FROM (SELECT 1 FROM wsight.samples LIMIT ${COUNTED_ROWS + 1}) AS counted`,
  );
  if (Number(counted) <= COUNTED_ROWS) return Number(counted);
  const [[estimate] = []] = await session.run("SELECT reltuples FROM pg_class WHERE oid = 'wsight.samples'::regclass");
  return Math.max(Number(counted), Math.round(Number(estimate)));
}

function sampleOf(row: readonly unknown[], node: string, series: Series): Sample {
  const [, at, intervalMs, min, max, sum, count, last] = row.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const sample = { node, series, at, intervalMs, min, max, sum, count, last };
  const histogram = row[8];
  return histogram instanceof Uint8Array ? { ...sample, histogram: Uint8Array.from(histogram) } : sample;
}

/** The promise's result, or the signal's reason as soon as it is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
