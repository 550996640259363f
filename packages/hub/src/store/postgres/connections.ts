import { Lane, type PgClientLike, type Session, type Work } from "./lane.ts";
import { type Place, readPlace } from "./place.ts";
import { migrate } from "./schema.ts";

const CONNECT_MS = 5_000;
/** Longest that a statement may take on the server, and that its answer may take to come. */
const STATEMENT_MS = 20_000;
const ANSWER_MS = 25_000;

/** Where a PostgreSQL is, and how long it may take. */
export interface ConnectionOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`; parameters as `pg` takes them. */
  readonly url: string;
  /** Longest that a connection may take to come about, ms. @default 5_000 */
  readonly connectMs?: number;
  /** Longest that an answer may take to come, ms. @default 25_000 */
  readonly answerMs?: number;
}

/** What a database is used for. */
export interface Purpose {
  /** The first word of messages. */
  readonly what: string;
  /** Brings its tables forward, once for each process. */
  readonly migrate: Work<void>;
  /** Further statements for each new connection, before that. */
  readonly setUp?: string;
}

const HISTORY: Purpose = { what: "history", migrate };

/** Makes the clients of a database; `pg` is loaded by who uses it alone. */
export async function loadClients({
  url,
  connectMs = CONNECT_MS,
  answerMs = ANSWER_MS,
}: ConnectionOptions): Promise<() => PgClientLike> {
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

/**
 * Two connections at most: one that writes and one that reads, so that neither
 * waits for the other. Each is opened when there is work, prepared with what
 * the schema lacks, and closed when it was idle for half a minute.
 */
export class Connections {
  readonly #place: Place;
  readonly #open: () => PgClientLike;
  readonly #onEngine: (engine: string) => void;
  readonly #purpose: Purpose;
  #writing: Lane | null = null;
  #reading: Lane | null = null;
  #migrated: Promise<void> | null = null;

  /** @param onEngine told what the database is, `PostgreSQL 17.2 at postgres://host:5432/database`, with each connection */
  constructor(url: string, open: () => PgClientLike, onEngine: (engine: string) => void, purpose: Purpose = HISTORY) {
    this.#place = readPlace(url, process.env, purpose.what);
    this.#open = open;
    this.#onEngine = onEngine;
    this.#purpose = purpose;
  }

  /** @throws WsightError `STORE_UNAVAILABLE`, `BAD_REQUEST` for values that can never be kept */
  write<T>(work: Work<T>): Promise<T> {
    this.#writing ??= this.#lane();
    return this.#use(this.#writing, work);
  }

  /** True while there is a connection to write over. */
  get canWrite(): boolean {
    return this.#writing?.isConnected ?? false;
  }

  /** The same for work that only reads, beside what is being written. */
  read<T>(work: Work<T>): Promise<T> {
    this.#reading ??= this.#lane();
    return this.#use(this.#reading, work);
  }

  /** Finishes what was asked, as far as there is time, and closes; the next work opens anew. */
  async close(): Promise<void> {
    const lanes = [this.#writing, this.#reading];
    this.#writing = this.#reading = null;
    await Promise.all(lanes.map((lane) => lane?.close()));
  }

  #lane(): Lane {
    return new Lane(this.#open, (session) => this.#prepare(session), this.#purpose.what);
  }

  /** On each new connection. */
  async #prepare(session: Session): Promise<void> {
    await session.run(`SET statement_timeout = ${STATEMENT_MS}; SET idle_in_transaction_session_timeout = 60000`);
    const { setUp, migrate } = this.#purpose;
    if (setUp !== undefined) await session.run(setUp);
    const [[version] = []] = await session.run("SHOW server_version");
    this.#onEngine(`PostgreSQL ${String(version).split(" ", 1)[0]} at ${this.#place.name}`);
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
      throw this.#place.failure(error);
    }
  }
}
