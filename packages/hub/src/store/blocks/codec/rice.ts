/**
 * How whole numbers become bits. A number is cut into a quotient, told in
 * unary, and `k` low bits, where `k` follows a running mean of the numbers
 * before (Rice codes, chosen as JPEG-LS does, ITU-T T.87). While the mean is
 * near zero, runs of zeros are told by their length instead (its run mode), so
 * that what rarely changes costs next to nothing. No tables, no parameters to
 * be sent: the reader keeps the same mean.
 */

/** The running mean is counted in 256ths. */
const ONE = 256;
/** Mean at the start of a stream. */
export const FIRST_MEAN: number = 4 * ONE;
/** Below this mean, zeros are told as runs. */
export const RUN_BELOW: number = 0.3 * ONE;
/** A quotient of so many is told otherwise: its number of bits, and all of them. */
export const MOST_ONES = 16;
/** Bits that tell how many bits an escaped number has. */
export const WIDTH_BITS = 6;
/** Numbers from here on are always escaped, so that the usual ones can be handled as 32-bit integers. */
export const ESCAPE_FROM: number = 2 ** 30;
/** Bits of the length of a run of zeros, by how far runs have grown. */
export const RUN_BITS: Uint8Array = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15],
);
/** Where in {@link RUN_BITS} a stream begins. */
export const FIRST_RUN = 12;

const MOST_MEAN = 2 ** 22;

/** Low bits to tell as they are. */
export function riceBits(mean: number): number {
  return 32 - Math.clz32((mean >>> 9) + (mean >>> 11));
}

/** The running mean after `value`. One outlier, as where a counter begins anew, must not spoil the numbers behind it. */
export function nextMean(mean: number, value: number): number {
  const most = Math.min((mean >>> 6) + 64, MOST_MEAN);
  return mean + (Math.min(value, most) << 4) - (mean >>> 4);
}

/** The running mean after so many zeros. */
export function meanAfterZeros(mean: number, zeros: number): number {
  let next = mean;
  for (let left = zeros; left > 0 && next >= 16; left--) next -= next >>> 4;
  return next;
}

/** Bits that a whole number from 0 to 2^53 − 1 has. */
export function bitLength(value: number): number {
  return value < 0x1_0000_0000 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 0x1_0000_0000);
}
