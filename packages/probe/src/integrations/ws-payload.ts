/** Up to this length a look at every character is cheaper than a call into Node. */
const SHORT = 32;

/** Bytes of a text in UTF-8. */
export function textBytes(text: string): number {
  const { length } = text;
  if (length > SHORT) return Buffer.byteLength(text);
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  return length;
}

/**
 * Payload bytes of anything `ws` hands out (`Buffer`, `ArrayBuffer`, an array
 * of fragments, `Blob`) or accepts (also text, numbers, arrays of octets, nothing).
 */
export function payloadBytes(data: unknown): number {
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
