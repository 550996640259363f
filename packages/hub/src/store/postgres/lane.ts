import { setTimeout as wait } from "node:timers/promises";
import { WsightError } from "@wsight/protocol";

/** Work that may wait for one connection; more is refused. */
const MAX_WAITING = 64;
/** A connection that was not used for this long is closed. */
const IDLE_MS = 30_000;
/** What was accepted may take this long when the lane is closed, and the goodbye this long. */
const CLOSE_MS = 5_000;
const GOODBYE_MS = 500;

/** What came as `bytea`, as no more than bytes: a `Buffer` is sliced otherwise. */
export function bytesOf(value: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = value as Buffer;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Rows as arrays of columns. */
type Rows = readonly (readonly unknown[])[];

/** The calls of a `Client` of `pg` that are used. */
export interface PgClientLike {
  connect(): Promise<unknown>;
  query(query: { text: string; values?: unknown[]; rowMode: "array" }): Promise<PgResultLike | PgResultLike[]>;
  end(): Promise<void>;
  ref(): void;
  unref(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What a query of `pg` answers with. */
interface PgResultLike {
  readonly rows: unknown[][];
  readonly rowCount: number | null;
}

/** An open connection, for as long as one piece of work has it. */
export interface Session {
  /** Runs one statement; several, parted by `;`, when there are no values. */
  run(text: string, values?: readonly unknown[]): Promise<Rows>;
  /** The same for a statement that changes rows; says how many. */
  change(text: string, values?: readonly unknown[]): Promise<number>;
}

/** Work on a connection. */
export type Work<T> = (session: Session) => Promise<T>;

/**
 * One connection for one piece of work after the other. It is opened when there
 * is work, and closed when there was none for a while. Work that fails takes
 * its connection along: whatever state it was in, the next begins with a new one,
 * and a server that hangs hangs for nobody else.
 */
export class Lane {
  readonly #open: () => PgClientLike;
  readonly #prepare: Work<void>;
  readonly #what: string;
  #client: PgClientLike | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;
  /** Closed, and the time for what was accepted is over. */
  #late = false;

  /**
   * @param open makes a client that is not connected yet
   * @param prepare the first work on a new connection
   * @param what the database is for, the first word of messages
   */
  constructor(open: () => PgClientLike, prepare: Work<void>, what = "history") {
    this.#open = open;
    this.#prepare = prepare;
    this.#what = what;
  }

  /** True while there is a connection. */
  get isConnected(): boolean {
    return this.#client !== null;
  }

  /** Does `work` when all that came before is done. @throws WsightError `STORE_UNAVAILABLE`, or what `work` threw */
  run<T>(work: Work<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#unavailable("the store is closed"));
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(this.#unavailable(`${MAX_WAITING} calls wait for the database`));
    }
    this.#waiting++;
    const done = this.#last.then(() => this.#do(work));
    this.#last = done.catch(() => undefined).finally(() => this.#waiting--);
    return done;
  }

  /** Does what was accepted, as far as there is time, and ends. */
  async close(): Promise<void> {
    this.#closed = true;
    const enough = setTimeout(() => {
      this.#late = true;
      this.#drop();
    }, CLOSE_MS);
    await this.#last;
    clearTimeout(enough);
    clearTimeout(this.#idle);
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    // A server that hangs does not say goodbye.
    client.unref();
    await Promise.race([client.end().catch(() => undefined), wait(GOODBYE_MS)]);
  }

  async #do<T>(work: Work<T>): Promise<T> {
    clearTimeout(this.#idle);
    try {
      if (this.#late) throw this.#unavailable("the store is closed");
      const client = this.#client ?? (await this.#connect());
      client.ref();
      const result = await work(sessionOf(client));
      client.unref();
      this.#idle = setTimeout(() => this.#drop(), IDLE_MS).unref();
      return result;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async #connect(): Promise<PgClientLike> {
    const client = this.#open();
    this.#client = client;
    client.on("error", () => {
      if (this.#client === client) this.#drop();
    });
    await client.connect();
    await this.#prepare(sessionOf(client));
    return client;
  }

  #unavailable(reason: string): WsightError {
    return new WsightError("STORE_UNAVAILABLE", `${this.#what}: ${reason}`);
  }

  /** With a statement under way `pg` cuts the connection, else it says goodbye. */
  #drop(): void {
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => undefined);
  }
}

function sessionOf(client: PgClientLike): Session {
  const query = async (text: string, values?: readonly unknown[]): Promise<PgResultLike> => {
    const result = await client.query({
      text,
      rowMode: "array",
      ...(values === undefined ? {} : { values: [...values] }),
    });
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last ?? { rows: [], rowCount: 0 };
  };
  return {
    run: async (text, values) => (await query(text, values)).rows,
    change: async (text, values) => (await query(text, values)).rowCount ?? 0,
  };
}
