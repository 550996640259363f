import { expected, WsightError } from "@wsight/protocol";
import { type PackedSamples, ROW_NUMBERS } from "../pack.ts";
import type { TierIndex } from "./block-tables.ts";
import { STEPS_MS, tierOf } from "./tiers.ts";

/** A byte before each row, or before the time of those behind it. */
const TIME = 0x80;
/** The index of its series follows; without it, it is the one after that of the row before. */
const INDEXED = 0x08;
const HISTOGRAM = 0x04;
/** Which numbers a row has. One: all of them are that value, and count is 1. */
const ONE = 0;
/** Growth (as min, max and sum) and last; count is 1. */
const TWO = 1;
const ALL = 2;
const FORM = 0x03;
/** Most bytes of a row beside its histogram: time, index, five numbers, length. */
const ROW_BYTES = 10 + 1 + 5 + 40 + 5;
/** Times before the year 2200: numbers of blocks have room for no later ones. */
const LATEST = Date.UTC(2200, 0, 1);

/** Takes one row: `numbers[offset]` on are min, max, sum, count and last; they are overwritten by the next row. */
export type RowVisitor = (
  series: number,
  tier: TierIndex,
  at: number,
  numbers: Float64Array,
  histogram: Uint8Array | undefined,
) => void;

/**
 * Samples as few bytes, in their order: what crosses to the store's process,
 * and lies in a head row as it came. A second of a gauge takes 9 bytes.
 * @throws WsightError `BAD_REQUEST` for a sample that can't be kept
 */
export function encodeRows({ series, numbers, histogramSizes, histograms }: PackedSamples): Uint8Array<ArrayBuffer> {
  const rows = histogramSizes.length;
  const bytes = new Uint8Array(4 + rows * ROW_BYTES + histograms.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, rows, true);
  let length = 4;
  let taken = 0;
  let previousAt = Number.NaN;
  let previousStep = 0;
  let previousIndex = -1;
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) bytes[length++] = (rest & 0x7f) | 0x80;
    bytes[length++] = rest;
  };
  const number = (value: number): void => {
    view.setFloat64(length, value, true);
    length += 8;
  };
  for (let row = 0; row < rows; row++) {
    const start = row * ROW_NUMBERS;
    const index = numbers[start] as number;
    const at = numbers[start + 1] as number;
    const step = numbers[start + 2] as number;
    const min = numbers[start + 3] as number;
    const max = numbers[start + 4] as number;
    const sum = numbers[start + 5] as number;
    const count = numbers[start + 6] as number;
    const last = numbers[start + 7] as number;
    if (at !== previousAt || step !== previousStep) {
      bytes[length++] = TIME;
      bytes[length++] = checkTime(series[index]?.metric, at, step);
      number(at);
      previousAt = at;
      previousStep = step;
    }
    // What is not finite makes the difference NaN.
    if (min - min + (max - max) + (sum - sum) + (count - count) + (last - last) !== 0) {
      throw notFinite(series[index]?.metric, { min, max, sum, count, last });
    }
    const form = min === max && max === sum && count === 1 ? (sum === last ? ONE : TWO) : ALL;
    const size = histogramSizes[row] as number;
    const follows = index === previousIndex + 1;
    bytes[length++] = form | (size > 1 ? HISTOGRAM : 0) | (follows ? 0 : INDEXED);
    if (!follows) varint(index);
    previousIndex = index;
    if (form === ALL) {
      number(min);
      number(max);
    }
    number(sum);
    if (form === ALL) number(count);
    if (form !== ONE) number(last);
    if (size > 1) {
      varint(size - 1);
      bytes.set(histograms.subarray(taken, taken + size - 1), length);
      length += size - 1;
      taken += size - 1;
    }
  }
  return bytes.subarray(0, length);
}

/**
 * Visits what {@link encodeRows} was given. Histograms are views of `bytes`.
 * @throws WsightError `BAD_FRAME`, RangeError when the bytes are no such rows
 */
export function forEachRow(bytes: Uint8Array, visit: RowVisitor): void {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const numbers = new Float64Array(5);
  let at = 0;
  let tier: TierIndex = 0;
  let index = -1;
  let offset = 4;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = view.getUint8(offset++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  };
  const number = (): number => {
    const value = view.getFloat64(offset, true);
    offset += 8;
    return value;
  };
  for (let left = view.getUint32(0, true); left > 0; left--) {
    let head = view.getUint8(offset++);
    if (head === TIME) {
      tier = view.getUint8(offset++) as TierIndex;
      if (STEPS_MS[tier] === undefined) throw new WsightError("BAD_FRAME", `rows: expected a tier, got ${tier}`);
      at = number();
      head = view.getUint8(offset++);
    }
    index = (head & INDEXED) === 0 ? index + 1 : varint();
    const form = head & FORM;
    const first = number();
    numbers[0] = first;
    if (form === ALL) {
      for (let field = 1; field < 5; field++) numbers[field] = number();
    } else {
      numbers[1] = numbers[2] = first;
      numbers[3] = 1;
      numbers[4] = form === TWO ? number() : first;
    }
    let histogram: Uint8Array | undefined;
    if ((head & HISTOGRAM) !== 0) {
      const size = varint();
      if (offset + size > length) throw new WsightError("BAD_FRAME", "rows: expected more bytes of a histogram");
      histogram = new Uint8Array(bytes.buffer, bytes.byteOffset + offset, size);
      offset += size;
    }
    visit(index, tier, at, numbers, histogram);
  }
}

function checkTime(metric = "sample", at: number, step: number): TierIndex {
  const tier = tierOf(step);
  if (tier === undefined) {
    throw expected("BAD_REQUEST", `${metric} intervalMs`, `one of ${Object.values(STEPS_MS).join(", ")}`, step);
  }
  if (!Number.isSafeInteger(at) || at < 0 || at >= LATEST || at % step !== 0) {
    throw expected("BAD_REQUEST", `${metric} at`, `ms since 1970, before the year 2200, a multiple of ${step}`, at);
  }
  return tier;
}

function notFinite(metric = "sample", fields: Readonly<Record<string, number>>): WsightError {
  const [name, value] = Object.entries(fields).find(([, value]) => !Number.isFinite(value)) ?? ["sum", Number.NaN];
  return expected("BAD_REQUEST", `${metric} ${name}`, "a finite number", value);
}
