/** A regular expression, parsed. */
export type Pattern =
  | { readonly type: "one"; readonly takes: (code: number) => boolean }
  | { readonly type: "sequence"; readonly of: readonly Pattern[] }
  | { readonly type: "choice"; readonly of: readonly Pattern[] }
  | { readonly type: "repeat"; readonly of: Pattern; readonly min: number; readonly max: number }
  | { readonly type: "begin" | "end" };

/** Most characters of a pattern. */
const MAX_LENGTH = 4096;
/** Deepest nesting of groups. */
const MAX_DEPTH = 50;
/** Largest count of a repetition, as in RE2. */
const MAX_REPEAT = 1000;

type Test = (code: number) => boolean;

const isDigit: Test = range("0", "9");
const isWord: Test = any([isDigit, range("a", "z"), range("A", "Z"), equal(code("_"))]);
const isSpace: Test = any([..."\t\n\f\r "].map((text) => equal(code(text))));
const CLASSES: Readonly<Record<string, Test>> = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: not(isDigit),
  W: not(isWord),
  S: not(isSpace),
};
const CONTROLS: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * Parses the part of RE2's syntax that selects labels: literals, `.`, classes,
 * groups (also named, with the flags i, s, m, U), `|`, `*`, `+`, `?`, `{n,m}`,
 * `^`, `$`. Whether something repeats lazily makes no difference to a match.
 * @throws Error saying what is not understood, and where
 */
export function parsePattern(source: string): Pattern {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #codes: readonly string[];
  #at = 0;
  #depth = 0;
  #ignoresCase = false;
  #dotTakesNewline = false;

  constructor(source: string) {
    this.#source = source;
    this.#codes = [...source];
    if (this.#codes.length > MAX_LENGTH) throw this.#fault(`expected at most ${MAX_LENGTH} characters`);
  }

  parse(): Pattern {
    const pattern = this.#choice();
    if (this.#at < this.#codes.length) throw this.#fault("unexpected )");
    return pattern;
  }

  #choice(): Pattern {
    const ways = [this.#sequence()];
    while (this.#take("|")) ways.push(this.#sequence());
    const [only] = ways;
    return ways.length === 1 && only !== undefined ? only : { type: "choice", of: ways };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      const part = this.#atom();
      if (part !== null) parts.push(this.#repeated(part));
    }
    return { type: "sequence", of: parts };
  }

  #repeated(one: Pattern): Pattern {
    const bounds = this.#bounds();
    if (bounds === null) return one;
    this.#take("?");
    if (this.#bounds() !== null) throw this.#fault("a repetition of a repetition needs a group around it");
    return { type: "repeat", of: one, ...bounds };
  }

  #bounds(): { readonly min: number; readonly max: number } | null {
    if (this.#take("*")) return { min: 0, max: Infinity };
    if (this.#take("+")) return { min: 1, max: Infinity };
    if (this.#take("?")) return { min: 0, max: 1 };
    const [whole, min = "", comma, max = ""] = /^\{(\d+)(,(\d*))?\}/.exec(this.#rest(16)) ?? [];
    if (whole === undefined) return null;
    this.#at += whole.length;
    const least = Number(min);
    const most = comma === undefined ? least : max === "" ? Infinity : Number(max);
    if (least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT) || most < least)
      throw this.#fault(`expected a repetition of at most ${MAX_REPEAT}`);
    return { min: least, max: most };
  }

  /** `null` for flags, which are no part of what is matched. */
  #atom(): Pattern | null {
    const next = this.#next();
    if (next === "(") return this.#group();
    if (next === "[") return { type: "one", takes: this.#class() };
    if (next === ".") return this.#one(this.#dotTakesNewline ? () => true : not(equal(10)));
    if (next === "^") return { type: "begin" };
    if (next === "$") return { type: "end" };
    if (next === "*" || next === "+" || next === "?") throw this.#fault("nothing to repeat");
    if (next !== "\\") return this.#one(equal(code(next)));
    if (this.#take("A")) return { type: "begin" };
    if (this.#take("z")) return { type: "end" };
    return this.#one(this.#escape());
  }

  #one(takes: Test): Pattern {
    return { type: "one", takes: this.#folded(takes) };
  }

  #folded(takes: Test): Test {
    return this.#ignoresCase ? (one) => casesOf(one).some(takes) : takes;
  }

  #group(): Pattern | null {
    const before = { ignoresCase: this.#ignoresCase, dotTakesNewline: this.#dotTakesNewline };
    const [whole, flags, end] = /^\?(?:P?<\w+>|([imsU]*(?:-[imsU]+)?)([:)]))/.exec(this.#rest(64)) ?? [];
    if (whole === undefined && this.#peek() === "?") throw this.#fault("this kind of group is not supported");
    this.#at += whole?.length ?? 0;
    this.#setFlags(flags ?? "");
    if (end === ")") return null;
    if (++this.#depth > MAX_DEPTH) throw this.#fault(`expected groups at most ${MAX_DEPTH} deep`);
    const pattern = this.#choice();
    if (!this.#take(")")) throw this.#fault("missing )");
    this.#depth--;
    this.#ignoresCase = before.ignoresCase;
    this.#dotTakesNewline = before.dotTakesNewline;
    return pattern;
  }

  #setFlags(flags: string): void {
    const [on = "", off = ""] = flags.split("-");
    if (flags.includes("m")) throw this.#fault("the flag m is not supported");
    if (on.includes("i")) this.#ignoresCase = true;
    if (off.includes("i")) this.#ignoresCase = false;
    if (on.includes("s")) this.#dotTakesNewline = true;
    if (off.includes("s")) this.#dotTakesNewline = false;
  }

  #class(): Test {
    const negated = this.#take("^");
    const tests: Test[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      if (this.#peek() === undefined) throw this.#fault("missing ]");
      tests.push(this.#classItem());
    }
    this.#at++;
    const takes = this.#folded(any(tests));
    return negated ? not(takes) : takes;
  }

  #classItem(): Test {
    if (this.#rest(2) === "[:") throw this.#fault("named classes are not supported");
    const low = this.#classCode();
    if (typeof low === "function") return low;
    if (this.#peek() !== "-" || this.#codes[this.#at + 1] === "]") return equal(low);
    this.#at++;
    const high = this.#classCode();
    if (typeof high === "function" || high < low) throw this.#fault("bad range in []");
    return (one) => one >= low && one <= high;
  }

  #classCode(): number | Test {
    const next = this.#next();
    return next === "\\" ? this.#escaped() : code(next);
  }

  #escape(): Test {
    const escaped = this.#escaped();
    return typeof escaped === "function" ? escaped : equal(escaped);
  }

  #escaped(): number | Test {
    const next = this.#next();
    const known = CLASSES[next] ?? CONTROLS[next];
    if (known !== undefined) return known;
    const [whole, two, many] = /^x(?:([\da-f]{2})|\{([\da-f]{1,6})\})/i.exec(next + this.#rest(9)) ?? [];
    if (whole !== undefined) {
      this.#at += whole.length - 1;
      return Number.parseInt(two ?? many ?? "", 16);
    }
    if (/[\da-z]/i.test(next)) throw this.#fault(`the escape \\${next} is not supported`);
    return code(next);
  }

  #peek(): string | undefined {
    return this.#codes[this.#at];
  }

  #next(): string {
    const next = this.#codes[this.#at++];
    if (next === undefined) throw this.#fault("unexpected end");
    return next;
  }

  #take(text: string): boolean {
    if (this.#codes[this.#at] !== text) return false;
    this.#at++;
    return true;
  }

  #rest(length: number): string {
    return this.#codes.slice(this.#at, this.#at + length).join("");
  }

  #fault(what: string): Error {
    const shown = this.#source.length > 60 ? `${this.#source.slice(0, 60)}…` : this.#source;
    return new Error(`regular expression ${JSON.stringify(shown)}: ${what} at ${Math.max(1, this.#at)}`);
  }
}

function code(text: string): number {
  return text.codePointAt(0) ?? 0;
}

function equal(wanted: number): Test {
  return (one) => one === wanted;
}

function range(low: string, high: string): Test {
  return (one) => one >= code(low) && one <= code(high);
}

function any(tests: readonly Test[]): Test {
  return (one) => tests.some((test) => test(one));
}

function not(test: Test): Test {
  return (one) => !test(one);
}

function casesOf(one: number): readonly number[] {
  const text = String.fromCodePoint(one);
  return [one, code(text.toLowerCase()), code(text.toUpperCase())];
}
