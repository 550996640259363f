import { MAX_INDEX, MIN_INDEX } from "@wsight/protocol";

/** Most buckets of a distribution. */
const MOST_BUCKETS: number = MAX_INDEX - MIN_INDEX + 1;

/**
 * 2^(i/32), written out: a block may be read where `**` rounds otherwise than
 * where it was written, and must come to the same values.
 */
const STEPS: Float64Array = Float64Array.of(
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

/** Bounds of all buckets: powers of two are exact wherever they are made. */
const BOUNDS: Float64Array = Float64Array.from({ length: MOST_BUCKETS + 1 }, (_, place) => {
  const index = place + MIN_INDEX;
  const octave = Math.floor(index / STEPS.length);
  return (STEPS[index - octave * STEPS.length] as number) * 2 ** octave;
});

/**
 * The distributions of a block without their totals, taken apart so that what
 * is alike stands together. The count of each one's highest bucket is left
 * out: it follows from the total.
 */
export interface Buckets {
  /** Values at or below zero, of each distribution. */
  readonly zeros: Float64Array;
  /** How many buckets hold something, of each. */
  readonly used: Float64Array;
  /** Place of the lowest bucket, of each that has any. */
  readonly firsts: Float64Array;
  /** How many empty buckets lie between one and the next. */
  readonly gaps: Float64Array;
  /** Counts less one. */
  readonly counts: Float64Array;
}

/** Whether so many buckets can be used. */
export function canBeUsed(buckets: number): boolean {
  return buckets >= 0 && buckets <= MOST_BUCKETS;
}

/** The least value that each distribution can hold: the lower bound of its lowest bucket, or zero. */
export function lowestOf({ zeros, used, firsts }: Buckets): Float64Array {
  const lowest = new Float64Array(used.length);
  let next = 0;
  for (let row = 0; row < used.length; row++) {
    if (used[row] === 0) continue;
    const first = firsts[next++] as number;
    lowest[row] = zeros[row] === 0 ? boundOf(first) : 0;
  }
  return lowest;
}

/** The largest value that each distribution can hold: the upper bound of its highest bucket, or zero. */
export function highestOf({ used, firsts, gaps }: Buckets): Float64Array {
  const highest = new Float64Array(used.length);
  let [first, gap] = [0, 0];
  for (let row = 0; row < used.length; row++) {
    const buckets = used[row] as number;
    if (buckets === 0) continue;
    let place = firsts[first++] as number;
    for (let left = buckets - 1; left > 0; left--) place += (gaps[gap++] as number) + 1;
    highest[row] = boundOf(place + 1);
  }
  return highest;
}

/** Lower bound of a bucket by its place above the lowest there is; NaN beyond the highest. */
function boundOf(place: number): number {
  return BOUNDS[place] ?? Number.NaN;
}
