import { Buffer } from "node:buffer";
import { MAX_PAYLOAD } from "../../looks/payload.ts";
import { skip, textAt } from "./socket-io-msgpack.ts";

/** What the live tail shows of a packet of `socket.io-msgpack-parser`. */
export interface MsgpackDetail {
  readonly namespace: string | null;
  /** The first value after the event's name; `undefined` when it is no map of plain values. */
  readonly body: unknown;
}

/** Keys of a map that are read. */
const MAX_KEYS = 64;

/** Reads namespace and first value; what can't be read is absent. */
export function readMsgpackDetail(packet: Uint8Array): MsgpackDetail {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  let namespace: string | null = null;
  let body: unknown;
  try {
    for (const [key, at] of entriesOf(bytes, 0)) {
      if (key === "nsp") namespace = textAt(bytes, at);
      else if (key === "data" && bytes.length <= MAX_PAYLOAD) body = secondOf(bytes, at);
    }
  } catch {
    // It ended early, or is no such packet at all.
  }
  return { namespace, body };
}

/** The second item of the array at `at`, when that is a map. */
function secondOf(bytes: Buffer, at: number): unknown {
  const head = bytes.readUInt8(at);
  const first = (head & 0xf0) === 0x90 ? at + 1 : head === 0xdc ? at + 3 : -1;
  const items = (head & 0xf0) === 0x90 ? head & 0x0f : head === 0xdc ? bytes.readUInt16BE(at + 1) : 0;
  if (first < 0 || items < 2) return undefined;
  const second = skip(bytes, first);
  if (mapLength(bytes, second) === null) return undefined;
  const body: Record<string, unknown> = {};
  for (const [key, value] of entriesOf(bytes, second)) body[key] = valueAt(bytes, value);
  return body;
}

/** Keys of a map that are texts, with the places of their values. */
function* entriesOf(bytes: Buffer, map: number): Iterable<readonly [key: string, at: number]> {
  const size = mapLength(bytes, map);
  if (size === null) return;
  let at = map + size.head;
  for (let left = Math.min(size.keys, MAX_KEYS); left > 0; left--) {
    const key = textAt(bytes, at);
    const value = skip(bytes, at);
    if (key !== null) yield [key, value];
    at = skip(bytes, value);
  }
}

function mapLength(bytes: Buffer, at: number): { readonly head: number; readonly keys: number } | null {
  const head = bytes.readUInt8(at);
  if ((head & 0xf0) === 0x80) return { head: 1, keys: head & 0x0f };
  return head === 0xde ? { head: 3, keys: bytes.readUInt16BE(at + 1) } : null;
}

type Read = (bytes: Buffer, at: number) => unknown;

/** How plain values are read, by their head; others are told as what they are. */
const READERS: Readonly<Record<number, Read>> = {
  192: () => null,
  194: () => false,
  195: () => true,
  202: (bytes, at) => bytes.readFloatBE(at + 1),
  203: (bytes, at) => bytes.readDoubleBE(at + 1),
  204: (bytes, at) => bytes.readUInt8(at + 1),
  205: (bytes, at) => bytes.readUInt16BE(at + 1),
  206: (bytes, at) => bytes.readUInt32BE(at + 1),
  207: (bytes, at) => Number(bytes.readBigUInt64BE(at + 1)),
  208: (bytes, at) => bytes.readInt8(at + 1),
  209: (bytes, at) => bytes.readInt16BE(at + 1),
  210: (bytes, at) => bytes.readInt32BE(at + 1),
  211: (bytes, at) => Number(bytes.readBigInt64BE(at + 1)),
};

function valueAt(bytes: Buffer, at: number): unknown {
  const head = bytes.readUInt8(at);
  if (head < 0x80) return head;
  if (head >= 0xe0) return head - 256;
  const read = READERS[head];
  return read === undefined ? (textAt(bytes, at) ?? "(more than a plain value)") : read(bytes, at);
}
