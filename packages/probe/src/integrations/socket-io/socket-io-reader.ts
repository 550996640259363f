import { type PayloadReader, readJson } from "../../looks/payload.ts";
import type { WireFormat } from "./socket-io-like.ts";
import { readMsgpackDetail } from "./socket-io-msgpack-detail.ts";

const MAIN = "/";

/** How packets are read for the live tail, by how they look: of events, the first value that is sent. */
export const socketIoReaders: Readonly<Record<WireFormat, PayloadReader>> = {
  text: {
    namespaceOf: (data) => (typeof data === "string" ? namespaceIn(data) : null),
    bodyOf: (data) => (typeof data === "string" ? bodyIn(data) : undefined),
  },
  msgpack: {
    namespaceOf: (data) => (data instanceof Uint8Array ? readMsgpackDetail(data).namespace : null),
    bodyOf: (data) => (data instanceof Uint8Array ? readMsgpackDetail(data).body : undefined),
  },
  opaque: { namespaceOf: () => null, bodyOf: () => undefined },
};

/** `2/chat,17["name",…]`, `51-/chat,["name",…]`; the main namespace is not said. */
function namespaceIn(packet: string): string {
  const [, name] = /^\d(?:\d+-)?(\/[^,[{]*)/.exec(packet.slice(0, 512)) ?? [];
  return name?.split("?", 1)[0] ?? MAIN;
}

/** The value after the name in `2["name",{…}]`; binary attachments stand there as placeholders. */
function bodyIn(packet: string): unknown {
  const [head] = /^[25](?:\d+-)?(?:\/[^,[]*,)?\d*(?=\[)/.exec(packet.slice(0, 512)) ?? [];
  if (head === undefined) return undefined;
  const list = readJson(packet.slice(head.length));
  return Array.isArray(list) ? list[1] : undefined;
}
