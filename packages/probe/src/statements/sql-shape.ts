import { MAX_SHAPE_LENGTH } from "@wsight/protocol";
import { SqlLexer } from "./sql-lexer.ts";
import { OperationReader, type SqlOperation } from "./sql-operation.ts";

/** A statement without its literals, and what it does. */
export interface SqlReading {
  /** Literals are `?`, lists of them one, white space one space, comments none. At most `MAX_SHAPE_LENGTH` long. */
  readonly shape: string;
  readonly operation: SqlOperation;
}

/** Characters of a statement that are read. Longer ones are lists of values as a rule, which are one `?` anyway. */
const MAX_READ = 8192;
const LITERAL = "?";
const CUT = "…";

/** Words that are values where values are listed. */
const VALUE_WORDS: ReadonlySet<string> = new Set(["NULL", "TRUE", "FALSE", "DEFAULT"]);
/** What may stand between `SET` and the name of what is set. */
const SET_WORDS: ReadonlySet<string> = new Set(["SET", "LOCAL", "SESSION", "TRANSACTION"]);

/** A bracket that is open. */
interface Group {
  /** Index of its opening token. */
  readonly from: number;
  /** True once it holds a literal. */
  literal: boolean;
  /** True while it holds nothing but literals and signs. */
  bare: boolean;
}

/**
 * Reads a statement for people: what it does to which names, without any
 * value. Where it can't be told what is a literal, everything from the first
 * literal on is left out, because then that one may have been read wrongly too.
 */
export function readSql(text: string): SqlReading {
  return new ShapeReader(text).read();
}

class ShapeReader {
  readonly #lexer: SqlLexer;
  readonly #operation = new OperationReader();
  readonly #tokens: string[] = [];
  readonly #groups: Group[] = [{ from: -1, literal: false, bare: false }];
  /** Index of the first literal; what follows is only shown when all could be read. */
  #firstLiteral = -1;
  /** Depth at which rows of `VALUES` are listed; -1 for none. */
  #rowsAt = -1;
  /** True after `SET name =`: what follows is a value, also when it is a bare word. */
  #valueFollows = false;
  #previous = "";

  constructor(text: string) {
    this.#lexer = new SqlLexer(text, MAX_READ);
  }

  read(): SqlReading {
    const lexer = this.#lexer;
    for (;;) {
      const kind = lexer.next();
      if (kind === "end" || kind === "cut" || kind === "unsure") return this.#finish(kind);
      const token = lexer.token;
      if (kind === "word") this.#word(token);
      else if (kind === "quoted") this.#name(token);
      else if (kind === "sign") this.#sign(token);
      else this.#literal();
    }
  }

  get #depth(): number {
    return this.#groups.length - 1;
  }

  #word(token: string): void {
    const upper = token.toUpperCase();
    const isType = this.#previous === "::";
    this.#operation.word(upper, this.#depth);
    if (this.#hides(upper)) {
      this.#literal();
      return;
    }
    if (VALUE_WORDS.has(upper)) this.#innermost.literal = true;
    else if (!isType) this.#innermost.bare = false;
    this.#rowsAt = upper === "VALUES" ? this.#depth : isType ? this.#rowsAt : this.#endRows();
    this.#push(token, upper);
  }

  #name(token: string): void {
    this.#operation.other(token, this.#depth);
    if (this.#valueFollows) {
      this.#literal();
      return;
    }
    this.#innermost.bare = false;
    this.#rowsAt = this.#endRows();
    this.#push(token, token);
  }

  #literal(): void {
    this.#operation.other(LITERAL, this.#depth);
    this.#innermost.literal = true;
    if (this.#firstLiteral < 0) this.#firstLiteral = this.#tokens.length;
    // A text may go on on the next line.
    if (this.#previous !== LITERAL) this.#push(LITERAL, LITERAL);
  }

  #sign(token: string): void {
    this.#operation.other(token, this.#depth);
    if (token === ";") {
      this.#valueFollows = false;
      this.#rowsAt = -1;
    }
    if (this.#valueFollows) return;
    if (token === "=" && this.#sets()) this.#valueFollows = true;
    this.#push(token, this.#previous === ":" && token === ":" ? "::" : token);
    if (token === "(" || token === "[") {
      this.#groups.push({ from: this.#tokens.length - 1, literal: false, bare: true });
    } else if ((token === ")" || token === "]") && this.#depth > 0) this.#close();
  }

  /** What was in brackets becomes one `?` when it was literals, and none when it is one more row of values. */
  #close(): void {
    const { from, bare, literal } = this.#groups.pop() as Group;
    const outer = this.#innermost;
    outer.literal ||= literal;
    outer.bare &&= bare;
    if (bare && literal) this.#replace(from + 1, this.#tokens.length - 1, LITERAL);
    const isRow = this.#rowsAt === this.#depth && this.#tokens[from - 1]?.trim() === ",";
    if (isRow || (bare && this.#isTwin(from))) this.#replace(from - 1, this.#tokens.length);
  }

  /** `(?), (?)` says no more than `(?)`. */
  #isTwin(from: number): boolean {
    const text = (begin: number, end?: number): string => this.#tokens.slice(begin, end).join("").trim();
    return from >= 4 && text(from - 1, from) === "," && text(from - 4, from - 1) === text(from);
  }

  /** A list that was cut says no more than where it began. */
  #dropBegun(): void {
    for (const { from, bare, literal } of this.#groups.slice(1).reverse()) {
      const isRow = this.#rowsAt === this.#depth - 1 && this.#tokens[from - 1]?.trim() === ",";
      if (!isRow && !(bare && literal)) return;
      this.#groups.pop();
      this.#tokens.splice(isRow ? from - 1 : from);
    }
  }

  #replace(from: number, to: number, ...by: readonly string[]): void {
    this.#tokens.splice(from, to - from, ...by);
    if (this.#firstLiteral > from) this.#firstLiteral = from;
  }

  get #innermost(): Group {
    return this.#groups[this.#groups.length - 1] as Group;
  }

  #endRows(): number {
    return this.#rowsAt === this.#depth ? -1 : this.#rowsAt;
  }

  /** True for a word that is a value: `SET role TO bob`, `SET ROLE bob`, `ALTER … SET name = word`. */
  #hides(upper: string): boolean {
    if (this.#valueFollows) return true;
    if (!this.#sets()) return false;
    const { verb } = this.#operation;
    if (verb === "SET" && !SET_WORDS.has(upper) && !SET_WORDS.has(this.#previous) && this.#previous !== ".") {
      this.#valueFollows = true;
      return upper !== "TO";
    }
    if (verb === "ALTER" && upper === "TO") this.#valueFollows = true;
    return false;
  }

  #sets(): boolean {
    const { verb } = this.#operation;
    return verb === "SET" || (verb === "ALTER" && this.#tokens.some((token) => token.trim().toUpperCase() === "SET"));
  }

  #push(token: string, meaning: string): void {
    this.#previous = meaning;
    this.#tokens.push(this.#lexer.spaced && this.#tokens.length > 0 ? ` ${token}` : token);
  }

  #finish(end: "end" | "cut" | "unsure"): SqlReading {
    const operation = this.#operation.result();
    if (end === "unsure" && this.#firstLiteral >= 0) this.#tokens.splice(this.#firstLiteral);
    if (end === "cut") this.#dropBegun();
    const whole = this.#tokens.join("").replace(/[\s;]+$/, "");
    const shape = end === "end" ? whole : `${whole} ${CUT}`;
    return { shape: cut(shape) || CUT, operation };
  }
}

function cut(shape: string): string {
  return shape.length <= MAX_SHAPE_LENGTH ? shape : `${shape.slice(0, MAX_SHAPE_LENGTH - 1)}${CUT}`;
}
