import { ByteWriter, MAX_INDEX, MIN_INDEX } from "@wsight/protocol";

const BUCKETS = MAX_INDEX - MIN_INDEX + 1;

/**
 * Merges distributions in their sparse form, as `Histogram.merge` would, byte
 * for byte: ten times as fast, since no page of counts is made for each.
 */
export class HistogramMerger {
  readonly #counts = new Uint32Array(BUCKETS);
  /** The one being read: places and counts of its buckets. */
  readonly #slots = new Uint16Array(BUCKETS);
  readonly #added = new Uint32Array(BUCKETS);
  readonly #writer = new ByteWriter(1024);
  /** Eight bytes at a place of their own, as a number. */
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);
  #bytes: Uint8Array = this.#doubleBytes;
  #at = 0;
  #first: Uint8Array | undefined;
  #count = 0;
  #sum = 0;
  #min: number = Infinity;
  #max: number = -Infinity;
  #zeroCount = 0;
  /** How many buckets hold something. */
  #used = 0;
  #low: number = BUCKETS;
  #high = -1;

  /** Adds one; bytes that are no distribution are left out: damaged before they were stored, the rest is still true. */
  add(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
    if (this.#take()) this.#first ??= bytes;
  }

  /** The sparse form of all that was added; `undefined` for nothing. Begins anew. */
  finish(): Uint8Array | undefined {
    if (this.#first === undefined) return undefined;
    const writer = this.#writer;
    writer.reset();
    writer.varint(this.#count);
    if (this.#count > 0) this.#write(writer);
    this.#reset();
    return writer.finish();
  }

  #take(): boolean {
    const count = this.#varint();
    if (count <= 0) return count === 0;
    if (this.#at + 24 > this.#bytes.length) return false;
    const sum = this.#f64();
    const min = this.#f64();
    const max = this.#f64();
    const zeroCount = this.#varint();
    const used = this.#varint();
    if (zeroCount < 0 || used < 0 || used > BUCKETS) return false;
    let slot = -1;
    for (let i = 0; i < used; i++) {
      const gap = this.#varint();
      const added = this.#varint();
      slot += gap + 1;
      if (gap < 0 || added < 0 || slot >= BUCKETS) return false;
      this.#slots[i] = slot;
      this.#added[i] = added;
    }
    this.#count += count;
    this.#sum += sum;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#zeroCount += zeroCount;
    if (used > 0) this.#addBuckets(used, slot);
    return true;
  }

  #addBuckets(used: number, highest: number): void {
    for (let i = 0; i < used; i++) {
      const place = this.#slots[i] as number;
      const before = this.#counts[place] as number;
      // As the counts of `Histogram` do, beyond 32 bits they begin anew.
      const after = (before + (this.#added[i] as number)) >>> 0;
      this.#counts[place] = after;
      if (before > 0 !== after > 0) this.#used += after > 0 ? 1 : -1;
    }
    this.#low = Math.min(this.#low, this.#slots[0] as number);
    this.#high = Math.max(this.#high, highest);
  }

  /** −1 for none. */
  #varint(): number {
    const byte = this.#at < this.#bytes.length ? (this.#bytes[this.#at++] as number) : 0x80;
    return byte < 0x80 ? byte : this.#longVarint(byte & 0x7f);
  }

  #longVarint(lowest: number): number {
    let value = lowest;
    for (let scale = 128; scale < 2 ** 56 && this.#at < this.#bytes.length; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : -1;
    }
    return -1;
  }

  #f64(): number {
    for (let i = 0; i < 8; i++) this.#doubleBytes[i] = this.#bytes[this.#at++] as number;
    return this.#double[0] as number;
  }

  #write(writer: ByteWriter): void {
    writer.f64(this.#sum);
    writer.f64(this.#min);
    writer.f64(this.#max);
    writer.varint(this.#zeroCount);
    writer.varint(this.#used);
    let previous = -1;
    for (let slot = this.#low; slot <= this.#high; slot++) {
      const count = this.#counts[slot] as number;
      if (count === 0) continue;
      writer.varint(slot - previous - 1);
      writer.varint(count);
      previous = slot;
    }
  }

  #reset(): void {
    if (this.#high >= 0) this.#counts.fill(0, this.#low, this.#high + 1);
    this.#first = undefined;
    this.#count = this.#sum = this.#zeroCount = this.#used = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#low = BUCKETS;
    this.#high = -1;
  }
}
