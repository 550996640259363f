/** Units of a duration, longest first, in ms. A year has 365 days. */
const UNITS = [
  ["y", 31_536_000_000],
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

const DURATION: RegExp = new RegExp(`^(?=\\d)${UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);

/** A duration such as `1h30m` in ms; `null` for text that is none. */
export function parseDuration(text: string): number | null {
  const found = DURATION.exec(text);
  if (found === null) return null;
  return UNITS.reduce((sum, [, ms], i) => sum + Number(found[i + 1] ?? 0) * ms, 0);
}

/** A number, or a duration as seconds; NaN and infinities in any case of letters. */
export function parseNumber(text: string): number | null {
  const [, sign = "", plain = ""] = /^([-+]?)\s*(.*)$/s.exec(text) ?? [];
  const lower = plain.toLowerCase();
  const size = lower === "inf" ? Infinity : lower === "nan" ? Number.NaN : sizeOf(plain);
  return size === null ? null : sign === "-" ? -size : size;
}

function sizeOf(text: string): number | null {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return durationMs / 1000;
  const plain = text.replaceAll("_", "");
  return /^(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.test(plain) ? Number(plain) : null;
}

/** What an escape of one letter stands for. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

const ESCAPE = /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{3})|(.?))/gis;

/** The text of a string literal, quotes of any kind included; `null` when it does not end, or for an escape that is none. */
export function parseString(literal: string): string | null {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote) return null;
  const inner = literal.slice(1, -1);
  if (quote === "`") return inner;
  let valid = true;
  const text = inner.replace(ESCAPE, (whole, two, four, eight, octal, letter) => {
    const code = Number.parseInt(two ?? four ?? eight ?? octal ?? "", octal === undefined ? 16 : 8);
    const plain = Number.isNaN(code) ? ESCAPES[letter] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (plain === undefined) valid = false;
    return plain ?? whole;
  });
  return valid ? text : null;
}
