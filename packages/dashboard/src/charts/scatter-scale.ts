/** One axis of a scatter plot. */
export interface ScatterScale {
  /** Logarithmic where values spread so far that most would lie in a corner. */
  readonly log: boolean;
  readonly low: number;
  readonly high: number;
  /** Values to label, lowest first. */
  readonly marks: readonly number[];
}

/** Spread from which an axis is logarithmic: the highest value by the lowest. */
const LOG_FROM = 30;
const STEPS = [1, 2, 5] as const;

/**
 * The scale of an axis over values above zero. Linear axes begin at zero;
 * logarithmic ones at a round number below the lowest. Both end at a round
 * number at or above the highest.
 */
export function scatterScale(values: readonly number[]): ScatterScale {
  const usable = values.filter((value) => value > 0 && Number.isFinite(value));
  const least = usable.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const most = usable.reduce((high, value) => Math.max(high, value), 0);
  if (most === 0) return { log: false, low: 0, high: 1, marks: [0, 1] };
  if (most / least < LOG_FROM) return linear(most);
  const marks = roundNumbers(roundDown(least), roundUp(most));
  return { log: true, low: marks[0] ?? least, high: marks.at(-1) ?? most, marks: thin(marks, 8) };
}

/** Where a value is on an axis, 0 to 1; values beyond its ends stand at them. */
export function placeOn({ log, low, high }: ScatterScale, value: number): number {
  const share = log ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

function linear(most: number): ScatterScale {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((digit) => digit * power >= rough) ?? 10);
  const count = Math.ceil(most / step - 1e-9);
  const marks = Array.from({ length: count + 1 }, (_, index) => tidy(index * step));
  return { log: false, low: 0, high: marks.at(-1) ?? most, marks };
}

/** 1, 2 and 5 by powers of ten between two of them. */
function roundNumbers(from: number, to: number): readonly number[] {
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to * 1.000001; power++) {
    for (const step of STEPS) {
      const number = tidy(step * 10 ** power);
      if (number >= from * 0.999999 && number <= to * 1.000001) numbers.push(number);
    }
  }
  return numbers;
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return tidy(power * ([5, 2, 1].find((step) => step * power <= value * 1.000001) ?? 1));
}

function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return tidy(power * ([1, 2, 5, 10].find((step) => step * power >= value * 0.999999) ?? 10));
}

/** Fewer marks where there are many: powers of ten first, then every so many of those. */
function thin(marks: readonly number[], most: number): readonly number[] {
  if (marks.length <= most) return marks;
  const powers = marks.filter((mark) => Math.abs(Math.log10(mark) - Math.round(Math.log10(mark))) < 1e-6);
  const every = Math.ceil(powers.length / most);
  return powers.length < 2 ? marks.filter((_, index) => index % 2 === 0) : powers.filter((_, i) => i % every === 0);
}

function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
