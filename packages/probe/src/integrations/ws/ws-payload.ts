// Not the global: that is an accessor, which costs more than all the counting.
import { Buffer } from "node:buffer";

/** Bytes of a text in UTF-8. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text);
}

/**
 * Payload bytes of anything `ws` hands out (`Buffer`, `ArrayBuffer`, an array
 * of fragments, `Blob`) or accepts (also text, numbers, arrays of octets, nothing).
 */
export function payloadBytes(data: unknown): number {
  if (data instanceof Uint8Array) return data.length;
  if (typeof data === "string") return textBytes(data);
  if (typeof data === "number") return String(data).length;
  if (typeof data !== "object" || data === null) return 0;
  const { byteLength } = data as { byteLength?: unknown };
  return typeof byteLength === "number" ? byteLength : looseBytes(data);
}

function looseBytes(data: object): number {
  if (Array.isArray(data) && typeof data[0] === "object") {
    return data.reduce((sum: number, part: unknown) => sum + payloadBytes(part), 0);
  }
  const { size, length } = data as { size?: unknown; length?: unknown };
  if (typeof size === "number") return size;
  return typeof length === "number" ? length : 0;
}
