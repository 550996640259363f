import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import type { Connection } from "pg";

/** What is used of a connection below its types. */
interface Wire {
  parse(message: object, more?: boolean): void;
  bind(message: object, more?: boolean): void;
  describe(message: object, more?: boolean): void;
  execute(message: object, more?: boolean): void;
  close(message: object): void;
  flush(): void;
  sync(): void;
  once(event: string, listener: () => void): void;
}

type Waiting = { readonly resolve: (rows: unknown[]) => void; readonly reject: (error: unknown) => void };

/** A cursor as `pg-cursor` is one: it submits itself and reads in portions, one at a time. */
export class Cursor extends EventEmitter {
  readonly text: string;
  #wire: Wire | null = null;
  #rows: unknown[] = [];
  #waiting: Waiting | null = null;
  #error: unknown = null;
  #isDone = false;

  constructor(text: string) {
    super();
    this.text = text;
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    this.#wire = wire;
    wire.parse({ text: this.text }, true);
    wire.bind({ portal: "cursor", values: [] }, true);
    wire.describe({ type: "P", name: "cursor" }, true);
    wire.flush();
  }

  read(rows: number): Promise<unknown[]> {
    if (this.#isDone) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#error !== null) {
        reject(this.#error);
        return;
      }
      this.#rows = [];
      this.#wire?.execute({ portal: "cursor", rows }, true);
      this.#wire?.flush();
    });
  }

  async close(): Promise<void> {
    if (this.#isDone || this.#wire === null) return;
    const wire = this.#wire;
    await new Promise<void>((resolve) => {
      wire.once("readyForQuery", resolve);
      if (this.#error === null) {
        wire.close({ type: "P", name: "cursor" });
        wire.sync();
      } else resolve();
    });
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: unknown[] }): void {
    this.#rows.push(fields);
  }

  handlePortalSuspended(): void {
    this.#answer();
  }

  handleCommandComplete(): void {
    this.#wire?.sync();
  }

  handleReadyForQuery(): void {
    this.#isDone = this.#error === null;
    this.#answer();
    this.emit("end");
  }

  handleError(error: unknown): void {
    this.#error = error;
    this.#wire?.sync();
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  #answer(): void {
    this.#waiting?.resolve(this.#rows);
    this.#waiting = null;
  }
}

/** A stream as `pg-query-stream` is one: what the client calls on it goes to a cursor within. */
export class QueryStream extends Readable {
  readonly cursor: Cursor;
  readonly handleRowDescription: () => void;
  readonly handleDataRow: (message: { fields: unknown[] }) => void;
  readonly handlePortalSuspended: () => void;
  readonly handleCommandComplete: () => void;
  readonly handleReadyForQuery: () => void;
  readonly handleError: (error: unknown) => void;
  readonly #batch: number;

  constructor(text: string, batch: number) {
    super({ objectMode: true, highWaterMark: batch });
    this.#batch = batch;
    const cursor = new Cursor(text);
    this.cursor = cursor;
    this.handleRowDescription = cursor.handleRowDescription.bind(cursor);
    this.handleDataRow = cursor.handleDataRow.bind(cursor);
    this.handlePortalSuspended = cursor.handlePortalSuspended.bind(cursor);
    this.handleCommandComplete = cursor.handleCommandComplete.bind(cursor);
    this.handleReadyForQuery = cursor.handleReadyForQuery.bind(cursor);
    this.handleError = cursor.handleError.bind(cursor);
  }

  submit(connection: Connection): void {
    this.cursor.submit(connection);
  }

  override _read(): void {
    this.cursor.read(this.#batch).then(
      (rows) => {
        for (const row of rows) this.push(row);
        if (rows.length < this.#batch) this.push(null);
      },
      (error: Error) => this.destroy(error),
    );
  }
}
