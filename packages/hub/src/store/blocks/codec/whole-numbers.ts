import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";
import { chooseForecast, FORECASTS, type Forecast, recall, surprises } from "./forecast.ts";

/** Instead of the place of a forecast: all numbers are the same. */
const ALL_SAME = 15;
/** Beside the place of a forecast: the numbers are multiples of something. */
const MULTIPLES = 0x10;

/** Writes whole numbers of at most {@link MOST_WHOLE} magnitude; at least one. */
export function writeWholeNumbers(writer: BitWriter, numbers: Float64Array): void {
  const first = numbers[0] as number;
  const unit = commonUnit(numbers);
  if (unit === 0) {
    writer.u8(ALL_SAME);
    writer.zigzag(first);
    return;
  }
  const counted = unit === 1 ? numbers : new Float64Array(numbers.length);
  if (unit !== 1) for (let i = 0; i < counted.length; i++) counted[i] = ((numbers[i] as number) - first) / unit;
  const { place } = chooseForecast(counted);
  const left = surprises(counted, FORECASTS[place] as Forecast);
  writer.u8(unit === 1 ? place : place | MULTIPLES);
  if (unit !== 1) {
    writer.zigzag(first);
    writer.varint(unit);
  }
  writer.zigzag(left.first);
  writer.rice(left.values);
}

/** Reads what {@link writeWholeNumbers} wrote. */
export function readWholeNumbers(reader: BitReader, length: number): Float64Array {
  const tag = reader.u8();
  if (tag === ALL_SAME) return new Float64Array(length).fill(reader.zigzag());
  const forecast = FORECASTS[tag & ~MULTIPLES];
  if (forecast === undefined) throw new DamagedBlockError(`block: expected a forecast, got ${tag}`);
  const hasUnit = (tag & MULTIPLES) !== 0;
  const base = hasUnit ? reader.zigzag() : 0;
  const unit = hasUnit ? reader.varint() : 1;
  const first = reader.zigzag();
  const values = reader.rice(forecast.order === 0 ? length : length - 1);
  const numbers = recall({ first, values }, length, forecast);
  if (hasUnit) for (let i = 0; i < length; i++) numbers[i] = (numbers[i] as number) * unit + base;
  return numbers;
}

/** What all differences are a multiple of, as sizes in pages of memory are; 0 when there are no differences. */
function commonUnit(numbers: Float64Array): number {
  const first = numbers[0] as number;
  let unit = 0;
  for (let i = 1; i < numbers.length && unit !== 1; i++) {
    unit = commonDivisor(Math.abs((numbers[i] as number) - first), unit);
  }
  return unit;
}

function commonDivisor(one: number, other: number): number {
  let [large, small] = [one, other];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
