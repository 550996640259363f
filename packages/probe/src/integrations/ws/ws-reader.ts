import { Buffer } from "node:buffer";
import { MAX_PAYLOAD, type PayloadReader, readJson } from "../../looks/payload.ts";
import { payloadBytes } from "./ws-payload.ts";

/** Reads messages of `ws` for the live tail: JSON texts, whatever form they come in. */
export const wsReader: PayloadReader = {
  namespaceOf: () => null,
  bodyOf(data) {
    if (typeof data === "string") return readJson(data);
    if (payloadBytes(data) > MAX_PAYLOAD) return undefined;
    const bytes = bytesOf(data);
    return bytes === null ? undefined : readJson(bytes.toString("utf8"));
  },
};

function bytesOf(data: unknown): Buffer | null {
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (Array.isArray(data) && data.every((part) => part instanceof Uint8Array)) return Buffer.concat(data);
  return null;
}
