import { MOST_WHOLE } from "./forecast.ts";
import { Ulps } from "./words.ts";

/** Most digits behind the point. */
const MOST_DIGITS = 12;
const POWERS: Float64Array = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits);
/**
 * A value this near to a multiple of the step, in units in the last place, is
 * told as that multiple and how far it is off: sums and differences of
 * decimals lose their last bits.
 */
const NEAR = 2 ** 17;
/** Numbers of more bits meet some multiple by chance. */
const MOST_PLAUSIBLE = 2 ** 41;
const SAMPLED = 24;
/** The same as {@link NEAR}, roughly and relative; and how much of a step it may be, so that chance meets few. */
const NEARLY = 2 ** -36;
const MOST_FAR = 2 ** -8;
/** Share of odd values from which the scale is not worth it. */
const MOST_ODD = 0.3;

/** Values as whole multiples of a step, where they are. */
export interface Scaled {
  readonly wholes: Float64Array;
  /** How far each value is from its multiple, in units in the last place; `null` when all meet theirs. */
  readonly off: Float64Array | null;
  /** Places of values that are no multiples, or no numbers; their wholes repeat the one before. */
  readonly odd: readonly number[];
}

/** The step of a scale is 1 ÷ this. */
export function powerOf(scale: number): number {
  return POWERS[scale] as number;
}

/** Whether there is such a scale. */
export function isScale(scale: number): boolean {
  return scale < POWERS.length;
}

/** `value` as a whole multiple of 1 ÷ `power`, rounded; 0 for what is none. */
export function wholeOf(value: number, power: number): number {
  const whole = Math.floor(value * power + 0.5);
  return whole <= MOST_WHOLE && whole >= -MOST_WHOLE ? whole : 0;
}

/** The scale that most of `values` are multiples of the step of; `null` when they are of none. */
export function chooseScale(values: Float64Array): number | null {
  const sample = sampleOf(values);
  return sample.length === 0 ? null : digitsOfMost(sample);
}

/** `values` on a scale; `null` when that would not pay. */
export function scaled(values: Float64Array, scale: number): Scaled | null {
  const power = powerOf(scale);
  const wholes = new Float64Array(values.length);
  const odd: number[] = [];
  const ulps = new Ulps();
  let off: Float64Array | null = null;
  let before = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const whole = wholeOf(value, power);
    const back = whole / power;
    wholes[i] = before;
    if (back === value && (value !== 0 || 1 / value > 0)) wholes[i] = before = whole;
    else {
      const units = ulps.between(value, back);
      if (Math.abs(units) <= NEAR) {
        off ??= new Float64Array(values.length);
        off[i] = units;
        wholes[i] = before = whole;
      } else odd.push(i);
    }
    if (odd.length > MOST_ODD * (i + 8)) return null;
  }
  return { wholes, off, odd };
}

/** The values of {@link scaled}, but the odd ones. */
export function unscaled(wholes: Float64Array, off: Float64Array | null, scale: number): Float64Array {
  const power = powerOf(scale);
  const values = new Float64Array(wholes.length);
  for (let i = 0; i < values.length; i++) values[i] = (wholes[i] as number) / power;
  if (off === null) return values;
  const ulps = new Ulps();
  for (let i = 0; i < values.length; i++) {
    if (off[i] !== 0) values[i] = ulps.above(values[i] as number, off[i] as number);
  }
  return values;
}

/** Numbers spread evenly over the column. */
function sampleOf(values: Float64Array): number[] {
  const sample: number[] = [];
  const stride = Math.max(1, values.length / SAMPLED);
  for (let at = 0; at < values.length; at += stride) {
    const value = values[Math.floor(at)] as number;
    if (Number.isFinite(value)) sample.push(value);
  }
  return sample;
}

/** Digits behind the point that suffice for all but a few; `null` when none do. */
function digitsOfMost(sample: readonly number[]): number | null {
  let digits = 0;
  let misfits = 0;
  for (const value of sample) {
    const needed = digitsOf(value, digits);
    if (needed !== null) digits = needed;
    else if (++misfits > sample.length * MOST_ODD) return null;
  }
  return digits;
}

function digitsOf(value: number, from: number): number | null {
  for (let digits = from; digits <= MOST_DIGITS; digits++) {
    const shifted = value * (POWERS[digits] as number);
    const far = Math.abs(shifted - Math.floor(shifted + 0.5));
    const magnitude = Math.abs(shifted);
    if (magnitude > (digits === 0 ? MOST_WHOLE : MOST_PLAUSIBLE)) return null;
    if (far <= Math.min(magnitude * NEARLY, MOST_FAR)) return digits;
  }
  return null;
}
