/** Numbers by chance that are the same in every run; from 0 to below 1. */
export type Chance = () => number;

/** The mulberry32 generator. */
export function createChance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of a list. */
export function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[Math.floor(chance() * list.length)] as T;
}

/** Bytes without meaning. */
export function noise(chance: Chance, maxLength: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(chance() * maxLength) }, () => chance() * 256));
}

/** A real message with bytes changed, cut, doubled or put in. */
export function mutate(chance: Chance, message: string | Uint8Array): string | Buffer {
  let bytes = Buffer.from(message as Uint8Array);
  for (let changes = Math.ceil(chance() * 4); changes > 0 && bytes.length > 0; changes--) {
    const at = Math.floor(chance() * bytes.length);
    const kind = chance();
    if (kind < 0.6) bytes[at] = chance() * 256;
    else if (kind < 0.75) bytes = bytes.subarray(0, at);
    else if (kind < 0.9) bytes = Buffer.concat([bytes.subarray(0, at), noise(chance, 20), bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes, bytes]).subarray(0, 64 * 1024);
  }
  return typeof message === "string" ? bytes.toString("utf8") : Buffer.from(bytes);
}

/** A frame as a client writes it, with whatever head it is given. */
export function rawFrame(
  chance: Chance,
  head: { readonly first: number; readonly masked: boolean; readonly length: number },
  body: Buffer,
): Buffer {
  const { first, masked, length } = head;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, ...huge(length)];
  size[0] = (size[0] ?? 0) | (masked ? 0x80 : 0);
  return Buffer.concat([Buffer.from([first, ...size]), masked ? noise(() => chance(), 4) : Buffer.alloc(0), body]);
}

function huge(length: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return [...bytes];
}
