import { type ErrorRow, OTHER } from "@wsight/protocol";
import type { Redact } from "../redact.ts";
import type { Registry } from "../registry.ts";
import { CappedSet } from "./capped.ts";
import type { Counter } from "./instruments.ts";
import type { Journal } from "./journal.ts";

/** Recent errors kept. */
const ERROR_RING = 100;
/** Characters of an error message kept. */
const ERROR_MESSAGE_LENGTH = 256;

/** Counts errors by type (bounded) and keeps the newest 100, cut and redacted. */
export class ErrorLog {
  /** Errors since the epoch began. */
  total = 0;
  /** Grows with every error, so that a reader sees that there is something new. */
  version = 0;
  readonly #registry: Registry;
  readonly #redact: Redact;
  readonly #now: () => number;
  readonly #journal: Pick<Journal, "failed">;
  readonly #types: CappedSet<Counter>;
  #ring: ErrorRow[] = [];
  #next = 0;

  constructor(options: {
    registry: Registry;
    redact: Redact;
    now: () => number;
    journal: Pick<Journal, "failed">;
    maxTypes: number;
  }) {
    this.#journal = options.journal;
    this.#registry = options.registry;
    this.#redact = options.redact;
    this.#now = options.now;
    this.#types = new CappedSet(options.maxTypes, (type) =>
      this.#registry.counter("websocket.server.errors", { "error.type": type }),
    );
  }

  /** Notes an error under a type of the caller's. */
  note(type: string, message: string): void {
    this.total++;
    this.version++;
    this.#types.get(type.slice(0, 64) || OTHER).value++;
    const row = {
      at: this.#now(),
      type: type.slice(0, 64),
      message: this.#redact(message.slice(0, 2048)).slice(0, ERROR_MESSAGE_LENGTH),
    };
    this.#journal.failed(row.type, row.message);
    if (this.#ring.length < ERROR_RING) this.#ring.push(row);
    else this.#ring[this.#next] = row;
    this.#next = (this.#next + 1) % ERROR_RING;
  }

  /** Notes something thrown or emitted as an error, under its `code`, else its name. Takes anything. */
  noteError(error: unknown): void {
    const { type, message } = readError(error);
    this.note(type, message);
  }

  /** The newest errors, oldest first. */
  recent(): ErrorRow[] {
    if (this.#ring.length < ERROR_RING) return [...this.#ring];
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }

  /** Forgets everything. */
  reset(): void {
    this.total = 0;
    this.version++;
    this.#ring = [];
    this.#next = 0;
  }
}

/** Anything can be thrown, also what throws when it is looked at. */
function readError(error: unknown): { readonly type: string; readonly message: string } {
  try {
    if (typeof error !== "object" || error === null) return { type: "Error", message: String(error) };
    const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
    const type = typeof code === "string" ? code : typeof name === "string" ? name : "Error";
    return { type, message: typeof message === "string" ? message : "" };
  } catch {
    return { type: "Error", message: "(an error that can't be read)" };
  }
}
