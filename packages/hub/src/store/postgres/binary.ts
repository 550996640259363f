/** Types of columns, as PostgreSQL numbers them. */
const TYPE = { bytea: 17, int8: 20 } as const;
/** Dimensions, has-null flag, type of elements, length, lower bound. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;
const TWO_32 = 2 ** 32;

/*
 * Arrays in PostgreSQL's binary form: text would be made and parsed for each
 * number, which costs ten times as much and must be looked after to be exact.
 */

/** `int8[]` of whole numbers up to 2^53. */
export function encodeIntegers(count: number, valueAt: (row: number) => number): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + count * (LENGTH_BYTES + NUMBER_BYTES));
  let offset = writeHead(bytes, TYPE.int8, count);
  for (let row = 0; row < count; row++) {
    const value = valueAt(row);
    const high = Math.floor(value / TWO_32);
    offset = bytes.writeInt32BE(NUMBER_BYTES, offset);
    offset = bytes.writeInt32BE(high, offset);
    offset = bytes.writeUInt32BE(value - high * TWO_32, offset);
  }
  return bytes;
}

/** `bytea[]`. */
export function encodeBytes(values: readonly Uint8Array[]): Buffer {
  const size = values.reduce((bytes, value) => bytes + LENGTH_BYTES + value.length, 0);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + size);
  let offset = writeHead(bytes, TYPE.bytea, values.length);
  for (const value of values) {
    offset = bytes.writeInt32BE(value.length, offset);
    bytes.set(value, offset);
    offset += value.length;
  }
  return bytes;
}

/** Answers where the elements begin. */
function writeHead(bytes: Buffer, type: number, count: number): number {
  return [1, 0, type, count, 1].reduce((offset, value) => bytes.writeInt32BE(value, offset), 0);
}
