/** Types of columns, as PostgreSQL numbers them. */
const TYPE = { bytea: 17, int8: 20, float8: 701 } as const;
/** Dimensions, has-null flag, type of elements, length, lower bound. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;
const TWO_32 = 2 ** 32;

/*
 * Arrays in PostgreSQL's binary form: text would be made and parsed for each
 * number, which costs ten times as much and must be looked after to be exact.
 */

/** `float8[]`. */
export function encodeFloats(count: number, valueAt: (row: number) => number): Buffer {
  return encodeNumbers(TYPE.float8, count, (bytes, offset, row) => bytes.writeDoubleBE(valueAt(row), offset));
}

/** `int8[]` of whole numbers up to 2^53. */
export function encodeIntegers(count: number, valueAt: (row: number) => number): Buffer {
  return encodeNumbers(TYPE.int8, count, (bytes, offset, row) => {
    const value = valueAt(row);
    const high = Math.floor(value / TWO_32);
    bytes.writeInt32BE(high, offset);
    bytes.writeUInt32BE(value - high * TWO_32, offset + 4);
  });
}

/** `bytea[]`, with nulls. */
export function encodeBytes(values: readonly (Uint8Array | null)[]): Buffer {
  const size = values.reduce((bytes, value) => bytes + LENGTH_BYTES + (value?.length ?? 0), 0);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + size);
  writeHead(bytes, TYPE.bytea, values.length, true);
  let offset = HEAD_BYTES;
  for (const value of values) {
    offset = bytes.writeInt32BE(value?.length ?? -1, offset);
    if (value === null) continue;
    bytes.set(value, offset);
    offset += value.length;
  }
  return bytes;
}

function encodeNumbers(
  type: number,
  count: number,
  write: (bytes: Buffer, offset: number, row: number) => void,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + count * (LENGTH_BYTES + NUMBER_BYTES));
  writeHead(bytes, type, count, false);
  for (let row = 0; row < count; row++) {
    const offset = HEAD_BYTES + row * (LENGTH_BYTES + NUMBER_BYTES);
    bytes.writeInt32BE(NUMBER_BYTES, offset);
    write(bytes, offset + LENGTH_BYTES, row);
  }
  return bytes;
}

function writeHead(bytes: Buffer, type: number, count: number, hasNulls: boolean): void {
  let offset = 0;
  for (const value of [1, hasNulls ? 1 : 0, type, count, 1]) offset = bytes.writeInt32BE(value, offset);
}
