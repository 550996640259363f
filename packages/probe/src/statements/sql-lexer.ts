/** What a token of SQL is. `unsure`: nobody can say what is a literal from here on · `cut`: nobody reads on. */
type SqlToken = "word" | "quoted" | "text" | "number" | "sign" | "unsure" | "cut" | "end";

const SPACE = 1;
const LETTER = 2;
const DIGIT = 3;
const SIGN = 4;
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => classOf(String.fromCharCode(code)));

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const MINUS = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;

/** `'…'` that a letter stands before. In the first a backslash escapes; in none of them is anything a name. */
const TEXT_PREFIXES: ReadonlySet<string> = new Set(["e", "b", "x", "n"]);
/** What PostgreSQL can take for an identifier without quotes, beyond ASCII. */
const FOREIGN_LETTERS = /^[\p{L}\p{N}\p{M}\w$]*$/u;
/** A name in quotes that reads like one, as opposed to a value somebody put between the wrong quotes. */
const NAME_LIKE = /^[\p{L}\p{N}\p{M}_$ .:-]{1,63}$/u;

/**
 * Reads SQL as PostgreSQL does, token by token, to tell names from literals.
 * Whatever could be read in two ways (a backslash before a closing quote, whose
 * meaning is a setting of the server; a word that touches a literal; a quote
 * that nobody closes; quotes of other languages) ends the reading: see `unsure`.
 */
export class SqlLexer {
  /** Where the newest token begins and ends. */
  start = 0;
  end = 0;
  /** True when white space or a comment stood before it. */
  spaced = false;
  readonly #text: string;
  readonly #limit: number;

  /** @param limit characters that are read at most; beyond, it is `cut` */
  constructor(text: string, limit: number) {
    this.#text = text;
    this.#limit = Math.min(limit, text.length);
  }

  /** The newest token as it stands in the text. */
  get token(): string {
    return this.#text.slice(this.start, this.end);
  }

  /** Reads on. */
  next(): SqlToken {
    this.start = this.end;
    if (!this.#skip()) return "unsure";
    if (this.start >= this.#limit) return this.start < this.#text.length ? "cut" : "end";
    const code = this.#text.charCodeAt(this.start);
    this.end = this.start + 1;
    if (code === QUOTE) return this.#quotedText(false);
    if (code === DOUBLE_QUOTE) return this.#quotedName();
    if (code === DOLLAR) return this.#dollar();
    const kind = code < 128 ? CLASSES[code] : LETTER;
    if (kind === LETTER) return this.#word();
    if (kind === DIGIT || (code === DOT && this.#isDigit(this.end))) return this.#number();
    return kind === SIGN ? "sign" : "unsure";
  }

  /** Skips white space and comments. False for a comment that does not end. */
  #skip(): boolean {
    const text = this.#text;
    let at = this.start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (CLASSES[code] === SPACE) at++;
      else if (code === MINUS && text.charCodeAt(at + 1) === MINUS) at = lineEnd(text, at);
      else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
        at = commentEnd(text, at);
        if (at < 0) return false;
      } else break;
    }
    this.spaced = at > this.start;
    this.start = at;
    return true;
  }

  #word(): SqlToken {
    this.#eatWord();
    const word = this.token;
    const next = this.#text.charCodeAt(this.end);
    if (next === QUOTE) return this.#prefixedText(word.toLowerCase());
    if (word.toLowerCase() === "u" && /^&['"]/.test(this.#text.slice(this.end, this.end + 2))) return this.#unicode();
    return FOREIGN_LETTERS.test(word) ? "word" : "unsure";
  }

  #prefixedText(prefix: string): SqlToken {
    if (!TEXT_PREFIXES.has(prefix)) return "unsure";
    this.end++;
    return this.#quotedText(prefix === "e");
  }

  /** `U&'…'` and `U&"…"`; of the latter the name is not shown, as it is written in numbers. */
  #unicode(): SqlToken {
    const quote = this.#text.charCodeAt(this.end + 1);
    this.end += 2;
    return this.#closing(quote, false) && !this.#touchesWord() ? "text" : "unsure";
  }

  #quotedText(escapes: boolean): SqlToken {
    const closed = this.#closing(QUOTE, escapes);
    return closed && !this.#touchesWord() ? "text" : "unsure";
  }

  #quotedName(): SqlToken {
    if (!this.#closing(DOUBLE_QUOTE, false)) return "unsure";
    return NAME_LIKE.test(this.#text.slice(this.start + 1, this.end - 1)) ? "quoted" : "text";
  }

  /**
   * Moves behind the closing quote. False when there is none, or when it can't be told: where
   * backslashes are plain characters by the standard, an old setting of the server makes them escapes.
   */
  #closing(quote: number, escapes: boolean): boolean {
    const text = this.#text;
    for (let at = this.end; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH && quote === QUOTE) {
        if (!escapes && text.charCodeAt(at + 1) === QUOTE) return false;
        at++;
      } else if (code === quote) {
        if (text.charCodeAt(at + 1) === quote) at++;
        else {
          this.end = at + 1;
          return true;
        }
      }
    }
    return false;
  }

  /** `$1`, or a text between `$$` or `$tag$`. */
  #dollar(): SqlToken {
    if (this.#isDigit(this.end)) return this.#number();
    this.#eatWord();
    const tag = /^\$[^$]*\$/.exec(this.#text.slice(this.start, Math.min(this.start + 66, this.end)))?.[0];
    if (tag === undefined) return "unsure";
    const close = this.#text.indexOf(tag, this.start + tag.length);
    if (close < 0) return "unsure";
    this.end = close + tag.length;
    return this.#touchesWord() ? "unsure" : "text";
  }

  /** Takes more than a number may be rather than less. */
  #number(): SqlToken {
    const text = this.#text;
    for (; this.end < text.length; this.end++) {
      const code = text.charCodeAt(this.end);
      const isSigned = /[+-]/.test(text[this.end] as string) && /e/i.test(text[this.end - 1] as string);
      if (isSigned ? !this.#isDigit(this.end + 1) : !isWordPart(code) && code !== DOT) break;
    }
    return text.charCodeAt(this.end) === QUOTE ? "unsure" : "number";
  }

  #eatWord(): void {
    while (this.end < this.#text.length && isWordPart(this.#text.charCodeAt(this.end))) this.end++;
  }

  #isDigit(at: number): boolean {
    return CLASSES[this.#text.charCodeAt(at)] === DIGIT;
  }

  /** A literal that a word or another quote follows at once was put there by somebody who did not escape it. */
  #touchesWord(): boolean {
    const code = this.#text.charCodeAt(this.end);
    return code === QUOTE || code === DOUBLE_QUOTE || isWordPart(code);
  }
}

function isWordPart(code: number): boolean {
  if (code >= 128) return true;
  const kind = CLASSES[code];
  return kind === LETTER || kind === DIGIT || code === DOLLAR;
}

function lineEnd(text: string, from: number): number {
  const at = text.slice(from).search(/[\r\n]/);
  return at < 0 ? text.length : from + at;
}

/** Comments nest. `-1` when it does not end. */
function commentEnd(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return -1;
}

function classOf(character: string): number {
  if (/[ \t\n\r\f\v]/.test(character)) return SPACE;
  if (/[A-Za-z_]/.test(character)) return LETTER;
  if (/[0-9]/.test(character)) return DIGIT;
  return /[!#%&()*+,./:;<=>?@[\]^|~-]/.test(character) ? SIGN : 0;
}
