/** A figure ready to be shown: digits and, apart so that they can be set smaller, the unit. */
export interface Quantity {
  readonly text: string;
  readonly unit: string;
}

/** What stands where nothing is known. Unknown is never shown as zero. */
export const UNKNOWN: Quantity = { text: "–", unit: "" };

/** Turns a value in base units into a {@link Quantity}; `null` and NaN become {@link UNKNOWN}. */
export type Formatter = (value: number | null) => Quantity;

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/** Three significant digits without an exponent or trailing zeros. */
function short(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2;
  const text = value.toFixed(digits);
  return digits === 0 ? text : text.replace(/\.?0+$/, "");
}

/** Two significant digits, three above a hundred: what an eye takes in of a figure that moves. */
function two(value: number): string {
  return Math.abs(value) >= 9.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
}

function scaled(value: number): string {
  const size = Math.abs(value);
  if (size < 999.5) return size < 1 ? short(value) : two(value);
  for (const [limit, by, letter] of [
    [999_500, 1e3, "k"],
    [999.5e6, 1e6, "M"],
    [Number.POSITIVE_INFINITY, 1e9, "G"],
  ] as const) {
    if (size < limit) return `${(value / by).toFixed(size / by < 99.95 ? 1 : 0)}${letter}`;
  }
  return short(value);
}

/** A number of things: 12,486, above a million 1.2M. */
export const count: Formatter = (value) =>
  known(value) ? { text: Math.abs(value) < 1e6 ? GROUPED.format(value) : scaled(value), unit: "" } : UNKNOWN;

/** Things per second. */
export const rate: Formatter = (value) => (known(value) ? { text: scaled(value), unit: "/s" } : UNKNOWN);

/** Things per minute. */
export const perMinute: Formatter = (value) => (known(value) ? { text: scaled(value), unit: "/min" } : UNKNOWN);

/** A share of one as percent. */
export const share: Formatter = (value) => {
  if (!known(value)) return UNKNOWN;
  const percent = value * 100;
  return { text: percent > 0 && percent < 0.01 ? "< 0.01" : percent < 1 ? short(percent) : two(percent), unit: "%" };
};

/** Seconds as µs, ms, s, or minutes. */
export const duration: Formatter = (value) => {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return { text: "0", unit: "ms" };
  if (size < 0.9995e-3) return { text: two(value * 1e6), unit: "µs" };
  if (size < 0.9995) return { text: two(value * 1e3), unit: "ms" };
  if (size < 120) return { text: short(value), unit: "s" };
  return { text: span(value * 1000), unit: "" };
};

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes in steps of 1000. */
export const bytes: Formatter = (value) => {
  if (!known(value)) return UNKNOWN;
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 999.5 && step < BYTE_UNITS.length - 1) {
    rest /= 1000;
    step++;
  }
  return { text: step === 0 ? String(Math.round(rest)) : two(rest), unit: BYTE_UNITS[step] ?? "B" };
};

/** Bytes per second. */
export const byteRate: Formatter = (value) => {
  const { text, unit } = bytes(value);
  return unit === "" ? UNKNOWN : { text, unit: `${unit}/s` };
};

/** Digits and unit in one string: `68 ms`, `48.2k/s`, `–`. */
export function join({ text, unit }: Quantity): string {
  if (unit === "") return text;
  return unit.startsWith("/") ? `${text}${unit}` : `${text} ${unit}`;
}

/** Two units are as much as an axis has no room for: `13 min 40 s`. */
const LONG_SPAN = /^(\d+) (min|h) (\d+) (s|min)$/;

/** For an axis: without what its title says, that counts are per second, without any unit at zero, `13m 40s` at most. */
export function axisText(format: Formatter, value: number): string {
  const { text, unit } = format(value);
  if (value === 0) return "0";
  return join({ text, unit: unit === "/s" ? "" : unit }).replace(
    LONG_SPAN,
    (_all, large: string, of: string, small: string, rest: string) => `${large}${of[0]} ${small}${rest[0]}`,
  );
}

/** A span of time for people, from milliseconds: `14 s`, `3 min 12 s`, `2 h 5 min`, `9 d`. */
export function span(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}
