import { type Labels, MAX_LABEL_LENGTH, OTHER } from "@wsight/protocol";
import type { ConnectionTable } from "../../connections.ts";
import { type EventEntry, EventTable, makeEntry } from "../../instruments/event-table.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import type { ProbeContext } from "../../integration.ts";
import type { PayloadReader } from "../../looks/payload.ts";
import type { MessageTap } from "../../looks/tail.ts";
import { textBytes } from "../ws/ws-payload.ts";
import type { SocketIoServer, WireFormat } from "./socket-io-like.ts";
import { readMsgpackPacket } from "./socket-io-msgpack.ts";
import { socketIoReaders } from "./socket-io-reader.ts";

/** Kinds of packet by their type in the Socket.IO protocol. */
const KINDS = ["connect", "disconnect", "event", "ack", "connect_error", "event", "ack"] as const;
const CONNECT_ERROR = 4;

const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const BRACKET = 0x5b;
const PLAIN_EVENT = 0x32;
const BINARY_EVENT = 0x35;

/** FNV-1a. As a signed number: one above 2^31 would make the whole loop count in floating point. */
const BASIS = 0x811c9dc5 | 0;
const PRIME = 0x01000193;
/** Places of the name cache, a power of two above the most names a table holds by default. */
const CACHE = 512;
/** A name that was seen, by what stands for it. */
interface CachedName {
  readonly hash: number;
  readonly length: number;
  readonly entry: EventEntry;
}

/** Messages a second above which one in so many has its size recorded. */
const SIZE_PERIODS = [
  [20_000, 17],
  [5_000, 7],
  [1_000, 3],
] as const;
/** Intervals between two sweeps of the event names. */
const SWEEP_TICKS = 30;

/** Asks a server's encoder how packets look. */
export function wireFormatOf(io: SocketIoServer): WireFormat {
  try {
    const encoded = io.encoder?.encode?.({ type: 2, data: ["a"], nsp: "/" });
    const [first] = encoded as unknown[];
    if (first === '2["a"]') return "text";
    if (first instanceof Uint8Array && readMsgpackPacket(first)?.event === "a") return "msgpack";
  } catch {
    // A parser that can't encode this is one that we can't read either.
  }
  return "opaque";
}

/**
 * Counts the packets of one server in one direction as they pass the wire.
 * One packet of Socket.IO is one message; its bytes are those of the packet as
 * text (UTF-8) or binary, before framing, compression and the base64 of long
 * polling. Binary attachments add bytes to the message they belong to.
 *
 * Nothing is decoded and nothing allocated for names that were seen before:
 * a name is hashed where it stands and looked up in a small cache, where 32 bits
 * and the length stand for it: to compare the text itself takes longer than all
 * the rest, and two of 200 names in use meet once in a million servers. A
 * broadcast, which hands the same string to every recipient, is read once.
 */
export class PacketMeter {
  readonly events: EventTable;
  readonly #context: ProbeContext;
  readonly #connections: ConnectionTable;
  readonly #labels: Labels;
  readonly #format: WireFormat;
  readonly #rejected: (() => void) | null;
  readonly #incoming: boolean;
  readonly #kinds = new Map<string, EventEntry>();
  readonly #bytes: Counter;
  /** Sizes of messages without a name. */
  readonly #sizes: Distribution;
  readonly #tap: MessageTap;
  readonly #reader: PayloadReader;
  readonly #names: (CachedName | undefined)[] = new Array(CACHE).fill(undefined);
  #seen = 0;
  #seenAtTick = 0;
  /** One message in so many has its size recorded, with that weight; a count of its own, since one in step with others would meet always the same kind of message. */
  #sizePeriod = 1;
  #sinceSize = 0;
  #broadcasting = false;
  #last = "";
  #lastEntry: EventEntry | null = null;
  #lastBytes = 0;

  /** @param options.rejected called for each CONNECT_ERROR that goes out */
  constructor(
    context: ProbeContext,
    options: { labels: Labels; direction: "in" | "out"; format: WireFormat; rejected: (() => void) | null },
  ) {
    const { registry } = context;
    const { direction } = options;
    this.#context = context;
    this.#connections = context.connections;
    this.#labels = { ...options.labels, direction };
    this.#format = options.format;
    this.#rejected = options.rejected;
    this.#incoming = direction === "in";
    this.#tap = context.tap;
    this.#reader = socketIoReaders[options.format];
    this.#bytes = registry.counter("websocket.server.io", this.#labels);
    this.#sizes = registry.histogram("websocket.server.message.size", this.#labels);
    const cap = context.options.caps.events;
    this.events = new EventTable(registry, { labels: options.labels, direction, kind: "event", cap });
  }

  /** Counts the payload of one Engine.IO message. Hot path. */
  count(slot: number, data: unknown): void {
    if (typeof data === "string") this.#countText(slot, data);
    else this.#countBinary(slot, data);
  }

  /**
   * Says whether a broadcast is under way, which sends one string many times.
   * Otherwise no string comes twice, and comparing those of one length costs.
   */
  broadcasting(isSo: boolean): void {
    this.#broadcasting = isSo;
    // No message is kept alive for longer than that.
    this.#last = "";
    this.#lastEntry = null;
  }

  /** Ends an interval of so many seconds. */
  tick(tick: number, seconds: number): void {
    const rate = (this.#seen - this.#seenAtTick) / seconds;
    this.#seenAtTick = this.#seen;
    this.#sizePeriod = SIZE_PERIODS.find(([above]) => rate > above)?.[1] ?? 1;
    if (tick % SWEEP_TICKS === 0) {
      this.events.sweep();
      // Some names may have lost their place.
      this.#names.fill(undefined);
    }
  }

  #countText(slot: number, data: string): void {
    if (this.#broadcasting && this.#lastEntry !== null && data === this.#last) {
      this.#add(slot, this.#lastEntry, this.#lastBytes, data);
      return;
    }
    const bytes = textBytes(data);
    const type = data.charCodeAt(0);
    if (this.#format !== "text") this.#add(slot, this.#kind("text"), bytes, data);
    else if (type === PLAIN_EVENT || type === BINARY_EVENT) this.#addEvent(slot, data, type, bytes);
    else this.#addKind(slot, type - ZERO, bytes, data);
  }

  #addEvent(slot: number, data: string, type: number, bytes: number): void {
    const entry = this.#eventEntry(data, type);
    if (this.#broadcasting) {
      this.#last = data;
      this.#lastEntry = entry;
      this.#lastBytes = bytes;
    }
    this.#add(slot, entry, bytes, data);
  }

  #addKind(slot: number, type: number, bytes: number, data: unknown): void {
    if (type === CONNECT_ERROR) this.#rejected?.();
    this.#add(slot, this.#kind(KINDS[type] ?? "invalid"), bytes, data);
  }

  #countBinary(slot: number, data: unknown): void {
    const bytes = byteLength(data);
    if (this.#format === "text") {
      this.#bytes.value += bytes;
      if (this.#incoming) this.#connections.receivedMore(slot, bytes);
      else this.#connections.sentMore(slot, bytes);
      return;
    }
    if (this.#format === "opaque") {
      this.#add(slot, this.#kind("binary"), bytes, data);
      return;
    }
    const packet = data instanceof Uint8Array ? readMsgpackPacket(data) : null;
    if (packet === null) this.#add(slot, this.#kind("invalid"), bytes, data);
    else if (KINDS[packet.type] === "event") this.#add(slot, this.events.entry(packet.event ?? OTHER), bytes, data);
    else this.#addKind(slot, packet.type, bytes, data);
  }

  #add(slot: number, entry: EventEntry, bytes: number, data: unknown): void {
    entry.messages.value++;
    this.#bytes.value += bytes;
    if (this.#incoming) this.#connections.received(slot, bytes);
    else this.#connections.sent(slot, bytes);
    this.#seen++;
    if (++this.#sinceSize >= this.#sizePeriod) {
      this.#sinceSize = 0;
      const sizes = entry.size ?? this.events.sizeOf(entry);
      sizes.record(bytes, this.#sizePeriod);
    }
    if (this.#tap.on) this.#show(slot, entry.name, bytes, data);
  }

  /** Tells a message to whoever follows. */
  #show(slot: number, event: string, bytes: number, data: unknown): void {
    const direction = this.#incoming ? "in" : "out";
    this.#tap.message({ slot, direction, event, library: "socket.io", bytes, data, reader: this.#reader });
  }

  #kind(kind: string): EventEntry {
    let counted = this.#kinds.get(kind);
    if (counted === undefined) {
      const messages = this.#context.registry.counter("websocket.server.messages", { ...this.#labels, kind });
      // Of one shape with those of events, which keeps the hot path fast.
      counted = makeEntry(kind, messages, this.#sizes);
      this.#kinds.set(kind, counted);
    }
    return counted;
  }

  /** Finds the event name in `2["name",…]`, `2/namespace,17["name",…]` or `51-["name",…]`. */
  #eventEntry(data: string, type: number): EventEntry {
    let at = type === BINARY_EVENT ? data.indexOf("-") + 1 : 1;
    let char = data.charCodeAt(at);
    if (char === SLASH) {
      at = data.indexOf(",", at) + 1;
      char = data.charCodeAt(at);
    }
    while (char >= ZERO && char <= NINE) char = data.charCodeAt(++at);
    if (char !== BRACKET) return this.#kind("invalid");
    if (data.charCodeAt(at + 1) !== QUOTE) return this.events.entry(otherName(data, at + 1));
    return this.#named(data, at + 2);
  }

  /** The entry of the name that begins at `start` and ends before a quote. */
  #named(data: string, start: number): EventEntry {
    const limit = Math.min(data.length, start + MAX_LABEL_LENGTH);
    let hash = BASIS;
    let end = start;
    for (; end < limit; end++) {
      const char = data.charCodeAt(end);
      if (char === QUOTE) break;
      if (char === BACKSLASH) return this.events.entry(unescaped(data, start));
      hash = Math.imul(hash ^ char, PRIME);
    }
    const place = (hash ^ (hash >>> 15)) & (CACHE - 1);
    const cached = this.#names[place];
    if (cached !== undefined && cached.hash === hash && cached.length === end - start) return cached.entry;
    const name = data.slice(start, end);
    const entry = this.events.entry(name);
    // A name that has to share a place must be looked up again: it may get one of its own.
    if (entry.name === name) this.#names[place] = { hash, length: end - start, entry };
    return entry;
  }
}

/** A name with escapes, read as JSON. */
function unescaped(data: string, start: number): string {
  let end = start;
  const limit = Math.min(data.length, start + MAX_LABEL_LENGTH * 6);
  while (end < limit && data.charCodeAt(end) !== QUOTE) end += data.charCodeAt(end) === BACKSLASH ? 2 : 1;
  try {
    return String(JSON.parse(`"${data.slice(start, end)}"`));
  } catch {
    return OTHER;
  }
}

/** An event that is named by a number. */
function otherName(data: string, start: number): string {
  return /^-?\d+/.exec(data.slice(start, start + 24))?.[0] ?? OTHER;
}

function byteLength(data: unknown): number {
  const length = (data as { byteLength?: unknown } | null | undefined)?.byteLength;
  return typeof length === "number" ? length : 0;
}
