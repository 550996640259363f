/** What is read of a packet without decoding it. */
export interface MsgpackPacket {
  /** Packet type of the Socket.IO protocol, 0 to 6. */
  readonly type: number;
  /** Event name; `null` for other packets and names that are no text. */
  readonly event: string | null;
}

const TYPE = Buffer.from("\xa4type", "latin1");
const DATA = Buffer.from("\xa4data", "latin1");
const EVENT = 2;

/**
 * Reads type and event name of a packet of `socket.io-msgpack-parser`: a map
 * that begins with `type` and `data`, as every encoder known writes it.
 * Returns `null` for anything else.
 */
export function readMsgpackPacket(packet: Uint8Array): MsgpackPacket | null {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  const isMap = ((bytes[0] ?? 0) & 0xf0) === 0x80;
  if (!isMap || !holds(bytes, 1, TYPE)) return null;
  const at = 1 + TYPE.length;
  const type = bytes[at] ?? 0xff;
  if (type > 6) return null;
  if (type !== EVENT || !holds(bytes, at + 1, DATA)) return { type, event: null };
  return { type, event: firstText(bytes, at + 1 + DATA.length) };
}

function holds(bytes: Buffer, at: number, key: Buffer): boolean {
  return bytes.compare(key, 0, key.length, at, Math.min(at + key.length, bytes.length)) === 0;
}

/** The first item of the array at `at`, when that is a text. */
function firstText(bytes: Buffer, at: number): string | null {
  const array = bytes[at] ?? 0;
  if ((array & 0xf0) === 0x90) return textAt(bytes, at + 1);
  if (array === 0xdc) return textAt(bytes, at + 3);
  if (array === 0xdd) return textAt(bytes, at + 5);
  return null;
}

function textAt(bytes: Buffer, at: number): string | null {
  const head = bytes[at] ?? 0;
  if ((head & 0xe0) === 0xa0) return slice(bytes, at + 1, head & 0x1f);
  if (head === 0xd9 && at + 2 <= bytes.length) return slice(bytes, at + 2, bytes.readUInt8(at + 1));
  if (head === 0xda && at + 3 <= bytes.length) return slice(bytes, at + 3, bytes.readUInt16BE(at + 1));
  if (head === 0xdb && at + 5 <= bytes.length) return slice(bytes, at + 5, bytes.readUInt32BE(at + 1));
  return null;
}

/** Longest event name read, bytes; a label holds fewer characters. */
const LONGEST = 512;

function slice(bytes: Buffer, from: number, length: number): string {
  return bytes.toString("utf8", from, from + Math.min(length, LONGEST));
}
