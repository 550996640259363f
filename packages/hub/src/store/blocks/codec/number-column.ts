import type { MetricKind } from "@wsight/protocol";
import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";
import { readFloats, writeFloats } from "./floats.ts";
import { chooseForecast, MOST_WHOLE, triedPart } from "./forecast.ts";
import {
  COLUMN_ORDER,
  FORMULA_OF,
  FORMULAS,
  type Known,
  type NumberColumn,
  RELATIONS,
  WORTH_TRYING,
} from "./relations.ts";
import { chooseScale, isScale, powerOf, type Scaled, scaled, unscaled } from "./scale.ts";
import { readWholeNumbers, writeWholeNumbers } from "./whole-numbers.ts";
import { allSame, sameBits, Ulps, wordsOf } from "./words.ts";

/** How a column is written: the low two bits of its first byte. */
const COPY = 0;
const SCALED = 1;
const FORMULA = 2;
const FLOATS = 3;
/** All values are the same: what follows is a column of one. */
const ONE_VALUE = 0x04;
/** Not all values meet their multiple. */
const HAS_OFF = 0x08;
/** Some values are written out. */
const HAS_ODD = 0x10;
const HAS_RELATION = 0x20;
/** Where the place of a copied column or a formula stands. */
const PLACE_SHIFT = 5;
/** Share of values that may lie elsewhere than a formula says. */
const MOST_WRONG = 0.25;
/** Units in the last place that a formula may be off. */
const NEAR = 2 ** 20;

/** Which column is written or read, and what is known of its block. */
export interface ColumnPlace {
  readonly kind: MetricKind;
  readonly name: NumberColumn;
  readonly known: Known;
}

/** Writes one column of at least one number, in the way that suits it. */
export function writeColumn(writer: BitWriter, values: Float64Array, place: ColumnPlace): void {
  const copied = copyOf(values, place);
  if (copied >= 0) writer.u8(COPY | (copied << PLACE_SHIFT));
  else if (allSame(values)) writeNumbers(writer, values.subarray(0, 1), ONE_VALUE, place);
  else writeNumbers(writer, values, 0, place);
}

/** Reads what {@link writeColumn} wrote. */
export function readColumn(reader: BitReader, length: number, place: ColumnPlace): Float64Array {
  const tag = reader.u8();
  const one = (tag & ONE_VALUE) !== 0;
  const numbers = readNumbers(reader, one ? 1 : length, tag, place);
  return one ? new Float64Array(length).fill(numbers[0] as number) : numbers;
}

function writeNumbers(writer: BitWriter, values: Float64Array, flags: number, place: ColumnPlace): void {
  const formula = flags === 0 ? FORMULA_OF[place.kind][place.name] : undefined;
  const certain = formula !== undefined && FORMULAS[formula]?.certain === true;
  if (certain && writeFormula(writer, values, formula, place)) return;
  const scale = chooseScale(values);
  const found = scale === null ? null : scaled(values, scale);
  const meets = found !== null && found.off === null;
  if (formula !== undefined && !certain && !meets && writeFormula(writer, values, formula, place)) return;
  if (scale !== null && found !== null) {
    writeScaled(writer, values, { ...found, scale, flags, place });
    return;
  }
  writer.u8(FLOATS | flags);
  writeFloats(writer, values);
}

function readNumbers(reader: BitReader, length: number, tag: number, place: ColumnPlace): Float64Array {
  switch (tag & 3) {
    case COPY:
      return place.known.column(earlier(place, tag >> PLACE_SHIFT));
    case SCALED:
      return readScaled(reader, length, tag, place);
    case FORMULA:
      return readFormula(reader, length, tag, place);
    default:
      return readFloats(reader, length);
  }
}

/** Place of an earlier column that is the same; -1 for none. */
function copyOf(values: Float64Array, { kind, name, known }: ColumnPlace): number {
  const order = COLUMN_ORDER[kind];
  return order.slice(0, order.indexOf(name)).findIndex((other) => sameBits(values, known.column(other)));
}

function earlier({ kind, name }: ColumnPlace, at: number): NumberColumn {
  const order = COLUMN_ORDER[kind];
  const other = order[at];
  if (other === undefined || at >= order.indexOf(name))
    throw new DamagedBlockError(`block: no column ${at} before ${name}`);
  return other;
}

interface ScaledColumn extends Scaled {
  readonly scale: number;
  readonly flags: number;
  readonly place: ColumnPlace;
}

function writeScaled(writer: BitWriter, values: Float64Array, column: ScaledColumn): void {
  const { wholes, off, odd, scale, flags, place } = column;
  const { relation, left } = flags === 0 ? chooseRelation(wholes, scale, place) : { relation: null, left: wholes };
  const has = (off === null ? 0 : HAS_OFF) | (odd.length === 0 ? 0 : HAS_ODD) | (relation === null ? 0 : HAS_RELATION);
  writer.u8(SCALED | flags | has);
  writer.u8(scale | ((relation ?? 0) << 4));
  writeWholeNumbers(writer, left);
  if (off !== null) writeWholeNumbers(writer, off);
  if (odd.length > 0) writeOdd(writer, odd, values);
}

function readScaled(reader: BitReader, length: number, tag: number, { kind, name, known }: ColumnPlace): Float64Array {
  const how = reader.u8();
  const scale = how & 15;
  if (!isScale(scale)) throw new DamagedBlockError(`block: expected a scale, got ${scale}`);
  const wholes = readWholeNumbers(reader, length);
  if ((tag & HAS_RELATION) !== 0) {
    const relation = how >> 4;
    if (WORTH_TRYING[kind][name]?.includes(relation) !== true) {
      throw new DamagedBlockError(`block: expected a relation of ${name}, got ${relation}`);
    }
    const foretold = RELATIONS[relation]?.(known, powerOf(scale)) ?? wholes;
    for (let i = 0; i < length; i++) wholes[i] = (wholes[i] as number) + (foretold[i] as number);
  }
  const values = unscaled(wholes, (tag & HAS_OFF) === 0 ? null : readWholeNumbers(reader, length), scale);
  if ((tag & HAS_ODD) !== 0) readOdd(reader, values);
  return values;
}

/** What of a column is left by the relation that leaves the least; chosen by a part of it. */
function chooseRelation(
  wholes: Float64Array,
  scale: number,
  { kind, name, known }: ColumnPlace,
): { readonly relation: number | null; readonly left: Float64Array } {
  const tried = WORTH_TRYING[kind][name];
  if (tried === undefined) return { relation: null, left: wholes };
  const power = powerOf(scale);
  const part = triedPart(wholes);
  const knownPart: Known = { column: (other) => triedPart(known.column(other)), buckets: () => null };
  let relation: number | null = null;
  let least = Infinity;
  for (const candidate of [null, ...tried]) {
    const left = leftBy(candidate, part, knownPart, power);
    const bits = left === null ? Infinity : chooseForecast(left).bits;
    if (bits < least) [relation, least] = [candidate, bits];
  }
  const left = leftBy(relation, wholes, known, power);
  return left === null ? { relation: null, left: wholes } : { relation, left };
}

function leftBy(relation: number | null, wholes: Float64Array, known: Known, power: number): Float64Array | null {
  const foretold = relation === null ? undefined : RELATIONS[relation]?.(known, power);
  return foretold === undefined ? wholes : difference(wholes, foretold);
}

/** `null` when it leaves the range that can be written. */
function difference(wholes: Float64Array, foretold: Float64Array): Float64Array | null {
  const left = new Float64Array(wholes.length);
  for (let i = 0; i < wholes.length; i++) {
    const one = (wholes[i] as number) - (foretold[i] as number);
    if (!(Math.abs(one) <= MOST_WHOLE)) return null;
    left[i] = one;
  }
  return left;
}

function writeFormula(writer: BitWriter, values: Float64Array, formula: number, { known }: ColumnPlace): boolean {
  const foretold = FORMULAS[formula]?.foretell(known) ?? null;
  if (foretold === null) return false;
  const ulps = new Ulps();
  const off = new Float64Array(values.length);
  const odd: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const units = ulps.between(values[i] as number, foretold[i] as number);
    if (Math.abs(units) <= NEAR) off[i] = units;
    else if (odd.push(i) > 2 + values.length * MOST_WRONG) return false;
  }
  writer.u8(FORMULA | (odd.length === 0 ? 0 : HAS_ODD) | (formula << PLACE_SHIFT));
  writeWholeNumbers(writer, off);
  if (odd.length > 0) writeOdd(writer, odd, values);
  return true;
}

function readFormula(reader: BitReader, length: number, tag: number, { kind, name, known }: ColumnPlace): Float64Array {
  const formula = tag >> PLACE_SHIFT;
  if (FORMULA_OF[kind][name] !== formula)
    throw new DamagedBlockError(`block: expected a formula of ${name}, got ${formula}`);
  const values = FORMULAS[formula]?.foretell(known) ?? null;
  if (values === null) throw new DamagedBlockError(`block: expected what ${name} follows from`);
  const off = readWholeNumbers(reader, length);
  const ulps = new Ulps();
  for (let i = 0; i < length; i++) {
    if (off[i] !== 0) values[i] = ulps.above(values[i] as number, off[i] as number);
  }
  if ((tag & HAS_ODD) !== 0) readOdd(reader, values);
  return values;
}

function writeOdd(writer: BitWriter, odd: readonly number[], values: Float64Array): void {
  const words = wordsOf(values);
  let next = 0;
  writer.varint(odd.length);
  for (const at of odd) {
    writer.varint(at - next);
    writer.u32(words[2 * at] as number);
    writer.u32(words[2 * at + 1] as number);
    next = at + 1;
  }
}

function readOdd(reader: BitReader, values: Float64Array): void {
  const words = wordsOf(values);
  let next = 0;
  for (let left = reader.count(values.length); left > 0; left--) {
    const at = next + reader.count(values.length - next - 1);
    words[2 * at] = reader.u32();
    words[2 * at + 1] = reader.u32();
    next = at + 1;
  }
}
