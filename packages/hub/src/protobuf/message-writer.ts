const TWO_32 = 0x1_0000_0000;

/** Wire types of Protocol Buffers. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Writes messages of Protocol Buffers, field by field; what a field means is known to the caller alone. */
export class MessageWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }

  /** Takes back what was written behind `length`, at which no message was open. */
  cut(length: number): void {
    this.#length = length;
  }

  /** `uint64`, `uint32`, `enum`, `bool`: a whole number from 0 to 2^53 − 1. */
  varint(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.item(value);
  }

  /** `sint64`, `sint32`: a whole number from −2^52 to 2^52. */
  zigzag(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.zigzagItem(value);
  }

  /** `double` */
  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** `fixed64`: a whole number from 0 to 2^53 − 1, or a `bigint`. */
  fixed64(field: number, value: number | bigint): void {
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(BigInt(value), this.#length);
  }

  /** `string` */
  text(field: number, value: string): void {
    this.#tag(field, LENGTH);
    const size = Buffer.byteLength(value);
    this.item(size);
    this.#reserve(size);
    this.#length += this.#bytes.write(value, this.#length, size, "utf8");
  }

  /** A message within, or a packed list: what is written until {@link end}. Pass on what it returns. */
  begin(field: number): number {
    this.#tag(field, LENGTH);
    return this.beginDelimited();
  }

  /** The same with its length alone before it, as messages stand in a stream. */
  beginDelimited(): number {
    this.#reserve(1);
    return ++this.#length;
  }

  /** Ends what began at `start`. */
  end(start: number): void {
    const size = this.#length - start;
    let extra = 0;
    for (let rest = size; rest >= 128; rest = Math.floor(rest / 128)) extra++;
    if (extra > 0) {
      // Most messages are short, so one byte was kept free for the length.
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#length);
    }
    this.#length = start - 1;
    this.item(size);
    this.#length = start + extra + size;
  }

  /** One item of a packed list of `uint64`. */
  item(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= TWO_32) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    let low = rest >>> 0;
    while (low >= 0x80) {
      this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    this.#bytes[this.#length++] = low;
  }

  /** One item of a packed list of `sint64`. */
  zigzagItem(value: number): void {
    this.item(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #tag(field: number, type: number): void {
    this.item(field * 8 + type);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
