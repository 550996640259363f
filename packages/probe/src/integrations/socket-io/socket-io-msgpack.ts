/** What is read of a packet without decoding it. */
export interface MsgpackPacket {
  /** Packet type of the Socket.IO protocol, 0 to 6. */
  readonly type: number;
  /** Event name; `null` for other packets and names that are no text. */
  readonly event: string | null;
}

const EVENT = 2;
/** Longest event name read, bytes; a label holds fewer characters. */
const LONGEST = 512;

/**
 * Reads type and event name of a packet of `socket.io-msgpack-parser`: a map
 * with the keys `type` and `data`, the name being the first item of `data`.
 * Returns `null` for anything else. Reads no further than it must.
 */
export function readMsgpackPacket(packet: Uint8Array): MsgpackPacket | null {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  try {
    return readMap(bytes);
  } catch {
    // It ended early, or is no such packet at all.
    return null;
  }
}

function readMap(bytes: Buffer): MsgpackPacket | null {
  const head = bytes.readUInt8(0);
  if ((head & 0xf0) !== 0x80) return null;
  let type = -1;
  let event: string | null | undefined;
  let at = 1;
  for (let left = head & 0x0f; left > 0; left--) {
    const key = textAt(bytes, at);
    at = skip(bytes, at);
    if (key === "type") type = bytes.readUInt8(at);
    else if (key === "data") event = firstText(bytes, at);
    if (type > 6) return null;
    if (type >= 0 && type !== EVENT) return { type, event: null };
    if (type === EVENT && event !== undefined) return { type, event };
    at = skip(bytes, at);
  }
  return type === EVENT ? { type, event: null } : null;
}

/** The first item of the array at `at`, when that is a text. */
function firstText(bytes: Buffer, at: number): string | null {
  const array = bytes.readUInt8(at);
  if ((array & 0xf0) === 0x90) return textAt(bytes, at + 1);
  if (array === 0xdc) return textAt(bytes, at + 3);
  if (array === 0xdd) return textAt(bytes, at + 5);
  return null;
}

/** The text at `at`; `null` when something else stands there. @throws when it ends beyond the packet */
export function textAt(bytes: Buffer, at: number): string | null {
  const head = bytes.readUInt8(at);
  if ((head & 0xe0) === 0xa0) return slice(bytes, at + 1, head & 0x1f);
  if (head === 0xd9) return slice(bytes, at + 2, bytes.readUInt8(at + 1));
  if (head === 0xda) return slice(bytes, at + 3, bytes.readUInt16BE(at + 1));
  if (head === 0xdb) return slice(bytes, at + 5, bytes.readUInt32BE(at + 1));
  return null;
}

function slice(bytes: Buffer, from: number, length: number): string {
  return bytes.toString("utf8", from, from + Math.min(length, LONGEST));
}

/** Bytes of heads 0xc0 to 0xdf with all that belongs to them, but for lengths and items that they announce. */
// biome-ignore format: a row for eight heads
const SIZES = [
  1, 1, 1, 1, 2, 3, 5, 3,
  4, 6, 5, 9, 2, 3, 5, 9,
  2, 3, 5, 9, 3, 4, 6, 10,
  18, 2, 3, 5, 3, 5, 3, 5,
] as const;

/** Where the value at `at` ends. @throws when that is beyond the packet */
export function skip(bytes: Buffer, at: number): number {
  let end = at;
  for (let left = 1; left > 0; left--) {
    const head = bytes.readUInt8(end);
    if (head < 0x80 || head >= 0xe0) end += 1;
    else if (head < 0xa0) {
      left += (head & 0x0f) * (head < 0x90 ? 2 : 1);
      end += 1;
    } else if (head < 0xc0) end += 1 + (head & 0x1f);
    else {
      left += items(bytes, end, head);
      end += (SIZES[head - 0xc0] as number) + payload(bytes, end, head);
    }
  }
  return end;
}

/** Bytes that follow the head of a binary, text or extension. */
function payload(bytes: Buffer, at: number, head: number): number {
  if (head === 0xc4 || head === 0xc7 || head === 0xd9) return bytes.readUInt8(at + 1);
  if (head === 0xc5 || head === 0xc8 || head === 0xda) return bytes.readUInt16BE(at + 1);
  if (head === 0xc6 || head === 0xc9 || head === 0xdb) return bytes.readUInt32BE(at + 1);
  return 0;
}

/** Values that follow the head of an array or map. */
function items(bytes: Buffer, at: number, head: number): number {
  if (head === 0xdc) return bytes.readUInt16BE(at + 1);
  if (head === 0xdd) return bytes.readUInt32BE(at + 1);
  if (head === 0xde) return 2 * bytes.readUInt16BE(at + 1);
  return head === 0xdf ? 2 * bytes.readUInt32BE(at + 1) : 0;
}
