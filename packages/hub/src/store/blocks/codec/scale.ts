import { MOST_WHOLE } from "./forecast.ts";
import { Ulps } from "./words.ts";

/** Place of the scale whose steps are the bounds of a histogram's buckets, 2^(n/32). */
const OCTAVES = 15;
/** Most digits behind the point. */
const MOST_DIGITS = 12;
const POWERS: Float64Array = Float64Array.from({ length: MOST_DIGITS + 1 }, (_, digits) => 10 ** digits);
/**
 * 2^(i/32), written out: a block may be read where `**` rounds otherwise than
 * where it was written, and must come to the same values.
 */
const OCTAVE_STEPS: Float64Array = Float64Array.of(
  ...[
    1,
    1.0218971486541166,
    1.0442737824274138,
    1.0671404006768237,
    1.0905077326652577,
    1.1143867425958924,
    1.1387886347566916,
    1.1637248587775775,
    1.189207115002721,
    1.215247359980469,
    1.241857812073484,
    1.2690509571917332,
    1.2968395546510096,
    1.3252366431597413,
    1.3542555469368927,
    1.3839098819638318,
    Math.SQRT2,
    1.4451808069770467,
    1.4768261459394993,
    1.5091644275934228,
    1.542210825407941,
    1.5759808451078865,
    1.6104903319492543,
    1.6457554781539647,
    1.6817928305074292,
    1.718619298122478,
    1.7562521603732995,
    1.7947090750031072,
    1.8340080864093424,
    1.8741676341103,
    1.9152065613971474,
    1.9571441241754002,
  ],
);

/** A value this near to a multiple of the scale's step, in units in the last place, is told as that multiple and how far it is off. */
const NEAR = 96;
/** Numbers of more bits meet some multiple by chance. */
const MOST_PLAUSIBLE = 2 ** 41;
const SAMPLED = 24;
/** The same as {@link NEAR}, roughly and relative. */
const NEARLY = 2 ** -47;
/** Share of odd values from which the scale is not worth it. */
const MOST_ODD = 0.3;
/** Steps from one, up or down. */
const MOST_STEP = 1000 * 32;

/** Values as whole multiples of a step, where they are. */
export interface Scaled {
  readonly wholes: Float64Array;
  /** How far each value is from its multiple, in units in the last place; `null` when all meet theirs. */
  readonly off: Float64Array | null;
  /** Places of values that are no multiples, or no numbers; their wholes repeat the one before. */
  readonly odd: readonly number[];
}

/** The step of a decimal scale is 1 ÷ this; `undefined` for other scales. */
export function powerOf(scale: number): number | undefined {
  return POWERS[scale];
}

/** Whether there is such a scale. */
export function isScale(scale: number): boolean {
  return scale === OCTAVES || scale < POWERS.length;
}

/** `value` as a whole multiple of 1 ÷ `power`, rounded; 0 for what is none. */
export function wholeOf(value: number, power: number): number {
  const whole = Math.floor(value * power + 0.5);
  return whole <= MOST_WHOLE && whole >= -MOST_WHOLE ? whole : 0;
}

/** The scale that most of `values` are multiples of the step of; `null` when they are of none. */
export function chooseScale(values: Float64Array): number | null {
  const sample = sampleOf(values);
  if (sample.length === 0) return null;
  const digits = decimalDigits(sample);
  if (digits !== null) return digits;
  return sample.every(isOctaveStep) ? OCTAVES : null;
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
    const whole = power === undefined ? octaveStepOf(value) : wholeOf(value, power);
    const back = power === undefined ? octaveBound(whole) : whole / power;
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
  const values = wholes.map(power === undefined ? octaveBound : (whole) => whole / power);
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
function decimalDigits(sample: readonly number[]): number | null {
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
    if (far <= magnitude * NEARLY) return digits;
  }
  return null;
}

function isOctaveStep(value: number): boolean {
  return value > 0 && Math.abs(octaveBound(octaveStepOf(value)) - value) <= value * NEARLY;
}

/** Place of the bound nearest to `value`, 0 for what has none. */
function octaveStepOf(value: number): number {
  const step = Math.round(Math.log2(value) * OCTAVE_STEPS.length);
  return Math.abs(step) <= MOST_STEP ? step : 0;
}

function octaveBound(step: number): number {
  const octave = Math.floor(step / OCTAVE_STEPS.length);
  return (OCTAVE_STEPS[step - octave * OCTAVE_STEPS.length] as number) * 2 ** octave;
}
