/** What an operation does to the data. */
type OperationKind = "read" | "write" | "other";

/** What a statement does: its name as `db.operation.name`, and whether it reads or writes. */
export interface SqlOperation {
  readonly name: string;
  readonly kind: OperationKind;
}

/** Name of an operation that is on no list. */
export const OTHER_OPERATION = "OTHER";

const READS = ["SELECT", "VALUES", "TABLE", "FETCH"] as const;
const WRITES = ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"] as const;
const OTHERS = [
  ...["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "EXECUTE"],
  ...["DEALLOCATE", "DECLARE", "CLOSE", "MOVE", "SET", "RESET", "SHOW", "DISCARD", "LOCK", "CALL", "DO"],
  ...["CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "EXPLAIN", "ANALYZE", "VACUUM", "REINDEX"],
  ...["CLUSTER", "REFRESH", "CHECKPOINT", "LISTEN", "UNLISTEN", "NOTIFY", "LOAD", "IMPORT"],
] as const;

/** Every operation there can be; statements share them, so that a map may have them as keys. */
const OPERATIONS: ReadonlyMap<string, SqlOperation> = new Map(
  [
    ...READS.map((name) => ({ name, kind: "read" }) as const),
    ...WRITES.map((name) => ({ name, kind: "write" }) as const),
    ...OTHERS.map((name) => ({ name, kind: "other" }) as const),
  ].map((operation) => [operation.name, operation]),
);
const UNKNOWN: SqlOperation = { name: OTHER_OPERATION, kind: "other" };
const SELECT_INTO: SqlOperation = { name: "SELECT", kind: "write" };
const COPY_FROM: SqlOperation = { name: "COPY", kind: "write" };
const COPY_TO: SqlOperation = { name: "COPY", kind: "read" };

/** The word that follows a verb which begins a writing part of a `WITH`; UPDATE is followed by a name. */
const FOLLOWS: Readonly<Record<string, string>> = { INSERT: "INTO", DELETE: "FROM", MERGE: "INTO" };

/**
 * Finds out what a text of SQL does while its tokens go by. Of a `WITH` the
 * part that writes counts, else what follows it; of several statements in one
 * text the first that writes, else the first that reads, else the first.
 */
export class OperationReader {
  /** The verb of the statement under way; null before its first word. */
  verb: string | null = null;
  #statement: SqlOperation = UNKNOWN;
  #best: SqlOperation | null = null;
  #last = "";
  /** Depth of the first word. */
  #base = 0;
  /** A verb within a `WITH`, whose next word decides. */
  #maybe: string | null = null;

  /** @param depth brackets open around it */
  word(upper: string, depth: number): void {
    const last = this.#last;
    this.#last = upper;
    if (this.verb === null) this.#begin(upper, depth);
    else if (this.verb === "WITH") this.#within(upper, depth, last);
    else if (this.verb === "SELECT" && upper === "INTO" && depth === 0) this.#statement = SELECT_INTO;
    else if (this.#statement === UNKNOWN && this.verb === "COPY" && depth === 0) {
      if (upper === "FROM") this.#statement = COPY_FROM;
      else if (upper === "TO") this.#statement = COPY_TO;
    }
  }

  /** A name in quotes, a literal or a sign. */
  other(token: string, depth: number): void {
    if (token === ";" && depth === 0) this.#finish();
    else if (this.verb === "WITH" && token.startsWith('"')) this.#within(token, depth, this.#last);
    this.#last = token;
  }

  /** What the whole text does, as far as it was read. */
  result(): SqlOperation {
    this.#finish();
    return this.#best ?? UNKNOWN;
  }

  #begin(upper: string, depth: number): void {
    this.verb = upper;
    this.#base = depth;
    this.#statement = OPERATIONS.get(upper) ?? UNKNOWN;
  }

  #within(word: string, depth: number, last: string): void {
    if (this.#maybe !== null) {
      const verb = this.#maybe;
      this.#maybe = null;
      // A column may be called `update`; a part of a statement is followed by what it works on.
      if (FOLLOWS[verb] === undefined ? last === verb : word === FOLLOWS[verb]) this.#take(verb);
    }
    const operation = OPERATIONS.get(word);
    if (operation === undefined || (last !== "(" && last !== ")")) return;
    if (operation.kind === "write") this.#maybe = word;
    // What follows the parts in brackets.
    else if (depth === this.#base && last === ")" && operation.kind === "read" && this.#statement === UNKNOWN) {
      this.#statement = operation;
    }
  }

  #take(verb: string): void {
    if (this.#statement.kind !== "write") this.#statement = OPERATIONS.get(verb) ?? UNKNOWN;
  }

  #finish(): void {
    if (this.verb !== null && isBetter(this.#statement, this.#best)) this.#best = this.#statement;
    this.verb = null;
    this.#statement = UNKNOWN;
    this.#maybe = null;
  }
}

const RANK: Readonly<Record<OperationKind, number>> = { other: 0, read: 1, write: 2 };

function isBetter(operation: SqlOperation, best: SqlOperation | null): boolean {
  return best === null || RANK[operation.kind] > RANK[best.kind];
}
