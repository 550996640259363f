/** How values of a unit are written and typed. */
interface Scale {
  /** Names and how much of the base unit each is, the largest first; the first that leaves at least one is written. */
  readonly written: readonly (readonly [name: string, of: number])[];
  /** Names that can be typed beside these. */
  readonly typed: Readonly<Record<string, number>>;
  /** What a bare number, and zero, is in. */
  readonly usual: string;
  readonly example: string;
}

const SECONDS: Scale = {
  written: [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
    ["ms", 1e-3],
    ["µs", 1e-6],
  ],
  typed: { m: 60, us: 1e-6, sec: 1 },
  usual: "s",
  example: "100 ms",
};
const SHARE: Scale = { written: [["%", 0.01]], typed: {}, usual: "%", example: "85 %" };
const BYTES: Scale = {
  written: [
    ["TB", 1e12],
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
    ["B", 1],
  ],
  typed: {},
  usual: "B",
  example: "20 MB",
};
const NUMBER: Scale = { written: [["", 1]], typed: { k: 1e3, m: 1e6 }, usual: "", example: "50" };
/** Written only where nothing is left over: `90 s`, but `2 min`. */
const WHOLE = 60;
const TYPED = /^\s*(-?\d+(?:[.,]\d+)?(?:e-?\d+)?)\s*([a-zµ%]*)\s*(?:\/\s*s)?\s*$/i;

function scaleOf(unit: string): Scale {
  // Seconds a second are a share of the time.
  if (unit === "s/s" || unit === "1") return SHARE;
  const [base = ""] = unit.split("/");
  return base === "s" ? SECONDS : base === "By" ? BYTES : NUMBER;
}

/** A value in base units as people type it: `100 ms`, `85 %`, `2 min`, `50`. Reads back as the same to six digits. */
export function writeQuantity(value: number, unit: string): string {
  const { written, usual } = scaleOf(unit);
  const size = Math.abs(value);
  const fits = ([, of]: readonly [string, number]): boolean =>
    size / of >= 1 && (of < WHOLE || of % WHOLE !== 0 || Number.isInteger(size / of));
  const [name, of] = (value === 0 ? undefined : (written.find(fits) ?? written.at(-1))) ?? [usual, 1];
  return `${Number((value / of).toPrecision(6))} ${name}`.trim();
}

/** Reads what people type for a figure of a unit, in base units; `null` for what can't be read. */
export function readQuantity(text: string, unit: string): number | null {
  const [, digits = "", typed = ""] = TYPED.exec(text) ?? [];
  if (digits === "") return null;
  const { written, typed: others, usual } = scaleOf(unit);
  const names = new Map([...Object.entries(others), ...written].map(([name, of]) => [name.toLowerCase(), of]));
  const of = names.get((typed === "" ? usual : typed).toLowerCase());
  const value = Number(digits.replace(",", ".")) * (of ?? Number.NaN);
  // 85 × 0.01 is not 0.85 to the last digit.
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : null;
}

/** What is expected where {@link readQuantity} found nothing. */
export function quantityHint(unit: string): string {
  return `expected a figure such as ${scaleOf(unit).example}`;
}
