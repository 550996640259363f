import { OPCODE } from "../wire/frames.ts";
import type { HandshakeAnswer } from "../wire/handshake.ts";
import { createWireKit, type WireEvents, type WireKit, WireSocket, type WireTarget } from "../wire/wire-socket.ts";
import type { DriverPlan, LoadConnection, LoadConnectionEvents, LoadDriver } from "./driver.ts";
import { compileTemplate, type FillTemplate } from "./template.ts";
import { WaitingMessages } from "./waiting-messages.ts";

/** First characters of the packets of Engine.IO 4 that are used. */
const ENGINE = { open: 48, close: 49, ping: 50, message: 52 } as const;
/** First characters of the packets of Socket.IO 5 that follow `4`. */
const PACKET = {
  connect: 48,
  disconnect: 49,
  event: 50,
  ack: 51,
  refused: 52,
  binaryEvent: 53,
  binaryAck: 54,
} as const;
const DASH = 45;

/** What all connections of a target share. */
interface Shared {
  readonly target: WireTarget;
  readonly kit: WireKit;
  readonly fill: FillTemplate;
  readonly reply: DriverPlan["message"]["reply"];
  readonly namespace: string;
  /** `/chat,`, or nothing for the namespace `/`. */
  readonly prefix: string;
  readonly hello: string;
  /** The event's name as JSON. */
  readonly event: string;
}

/**
 * Socket.IO 4 over WebSocket alone (Engine.IO protocol 4, Socket.IO protocol
 * 5): the opening, one namespace, events and acknowledgements. What answers a
 * message is its acknowledgement, or with `reply: "any"` the next event, or
 * with `"echo"` the event with the same arguments.
 */
export function createSocketIoDriver(plan: DriverPlan, target: WireTarget): LoadDriver {
  const { namespace, auth } = plan.target;
  const prefix = namespace === "/" ? "" : `${namespace},`;
  const shared: Shared = {
    target,
    kit: createWireKit(plan.fastMask),
    fill: compileTemplate(plan.message.template).fill,
    reply: plan.message.reply,
    namespace,
    prefix,
    hello: `40${prefix}${auth === null ? "" : JSON.stringify(auth)}`,
    event: JSON.stringify(plan.message.event),
  };
  return { connect: (id, events, localAddress) => new SocketIoConnection(shared, id, events, localAddress) };
}

class SocketIoConnection implements LoadConnection, WireEvents {
  readonly #shared: Shared;
  readonly #id: number;
  readonly #events: LoadConnectionEvents;
  readonly #socket: WireSocket;
  #headers: ReadonlyMap<string, string> | null = null;
  #waits: WaitingMessages | null = null;
  #joined = false;
  #refused: string | null = null;

  constructor(shared: Shared, id: number, events: LoadConnectionEvents, localAddress: string | undefined) {
    this.#shared = shared;
    this.#id = id;
    this.#events = events;
    const { target, kit } = shared;
    this.#socket = new WireSocket(target, { events: this, kit, localAddress });
  }

  get ready(): boolean {
    return this.#joined && this.#socket.open;
  }

  get waiting(): number {
    return this.#socket.waiting;
  }

  send(number: number, atMs: number): number {
    if (!this.#joined || !this.#socket.open) return 0;
    const { fill, kit, reply, prefix, event } = this.#shared;
    const text = fill(number, this.#id, atMs);
    const body = text === "" ? `[${event}]` : `[${event},${text}]`;
    const frame = kit.writer.text(`42${prefix}${reply === "ack" ? number : ""}${body}`);
    if (reply === "any" || reply === "echo") {
      this.#waits ??= new WaitingMessages();
      this.#waits.add(number, reply === "echo" ? text : undefined);
    }
    this.#socket.send(frame);
    return frame.length;
  }

  forget(number: number): void {
    this.#waits?.forget(number);
  }

  close(): void {
    if (this.#joined) this.#socket.send(this.#shared.kit.writer.text(`41${this.#shared.prefix}`));
    this.#socket.close();
  }

  abort(): void {
    this.#socket.abort();
  }

  opened({ headers }: HandshakeAnswer): void {
    this.#headers = headers;
  }

  message(opcode: number, bytes: Buffer): void {
    if (opcode !== OPCODE.text) {
      this.#events.received(bytes);
      return;
    }
    switch (bytes[0]) {
      case ENGINE.open:
        this.#socket.send(this.#shared.kit.writer.text(this.#shared.hello));
        return;
      case ENGINE.ping:
        this.#socket.send(this.#shared.kit.writer.text("3"));
        return;
      case ENGINE.close:
        this.#socket.close();
        return;
      case ENGINE.message:
        this.#packet(bytes);
    }
  }

  closed(reason: string): void {
    this.#events.closed(this.#refused ?? reason);
  }

  #packet(bytes: Buffer): void {
    switch (bytes[1]) {
      case PACKET.connect:
        if (this.#joined) return;
        this.#joined = true;
        this.#events.ready(this.#headers ?? new Map());
        this.#headers = null;
        return;
      case PACKET.refused:
        this.#refused = `refused by namespace ${this.#shared.namespace}: ${messageOf(bytes)}`;
        this.#socket.close();
        return;
      case PACKET.disconnect:
        this.#refused = "disconnected by the server";
        this.#socket.close();
        return;
      case PACKET.ack:
      case PACKET.binaryAck:
        this.#events.received(bytes);
        if (this.#shared.reply === "ack") this.#events.answered(ackId(bytes, this.#shared.prefix.length));
        return;
      case PACKET.event:
      case PACKET.binaryEvent:
        this.#events.received(bytes);
        this.#hearEvent(bytes);
    }
  }

  #hearEvent(bytes: Buffer): void {
    if (this.#waits === null) return;
    const number = this.#shared.reply === "echo" ? this.#waits.takeText(argumentsOf(bytes)) : this.#waits.take();
    if (number >= 0) this.#events.answered(number);
  }
}

/** Reads the digits of `43/ns,17[…]` or `461-/ns,17[…]`; -1 when there are none. */
function ackId(bytes: Buffer, prefixLength: number): number {
  let at = 2;
  // The number of attachments of a binary packet stands before a dash.
  if (bytes[1] === PACKET.binaryAck) at = bytes.indexOf(DASH) + 1;
  at += prefixLength;
  let id = -1;
  for (; at < bytes.length; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    id = Math.max(id, 0) * 10 + digit;
  }
  return id;
}

/** What follows the name in `42["name",…]`, without the bracket that ends it. */
function argumentsOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  const start = text.indexOf("[");
  const name = /^"(?:[^"\\]|\\.)*",?/.exec(text.slice(start + 1));
  return text.slice(start + 1 + (name?.[0].length ?? 0), -1);
}

function messageOf(bytes: Buffer): string {
  const text = bytes.toString("utf8", 0, 512);
  return /"message":"([^"]{0,120})"/.exec(text)?.[1] ?? "no reason";
}
