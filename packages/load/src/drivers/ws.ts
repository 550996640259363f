import { OPCODE } from "../wire/frames.ts";
import type { HandshakeAnswer } from "../wire/handshake.ts";
import { createWireKit, type WireEvents, type WireKit, WireSocket, type WireTarget } from "../wire/wire-socket.ts";
import type { DriverPlan, LoadConnection, LoadConnectionEvents, LoadDriver } from "./driver.ts";
import { compileTemplate, type FillTemplate } from "./template.ts";
import { WaitingMessages } from "./waiting-messages.ts";

/** What all connections of a target share. */
interface Shared {
  readonly target: WireTarget;
  readonly kit: WireKit;
  readonly fill: FillTemplate;
  readonly reply: DriverPlan["message"]["reply"];
}

/** Plain WebSockets. */
export function createWsDriver(plan: DriverPlan, target: WireTarget): LoadDriver {
  const shared: Shared = {
    target,
    kit: createWireKit(plan.fastMask),
    fill: compileTemplate(plan.message.template).fill,
    reply: plan.message.reply,
  };
  return { connect: (id, events, localAddress) => new WsConnection(shared, id, events, localAddress) };
}

class WsConnection implements LoadConnection, WireEvents {
  readonly #shared: Shared;
  readonly #id: number;
  readonly #events: LoadConnectionEvents;
  readonly #socket: WireSocket;
  #waits: WaitingMessages | null = null;

  constructor(shared: Shared, id: number, events: LoadConnectionEvents, localAddress: string | undefined) {
    this.#shared = shared;
    this.#id = id;
    this.#events = events;
    const { target, kit } = shared;
    this.#socket = new WireSocket(target, { events: this, kit, localAddress });
  }

  get ready(): boolean {
    return this.#socket.open;
  }

  get waiting(): number {
    return this.#socket.waiting;
  }

  send(number: number, atMs: number): number {
    if (!this.#socket.open) return 0;
    const { fill, kit, reply } = this.#shared;
    const text = fill(number, this.#id, atMs);
    const frame = kit.writer.text(text);
    if (reply !== "none") {
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
    this.#socket.close();
  }

  abort(): void {
    this.#socket.abort();
  }

  opened({ headers }: HandshakeAnswer): void {
    this.#events.ready(headers);
  }

  message(opcode: number, bytes: Buffer): void {
    this.#events.received(bytes);
    if (this.#waits === null) return;
    // Several servers answer text with the same bytes as a binary message.
    const echo = this.#shared.reply === "echo" && (opcode === OPCODE.text || opcode === OPCODE.binary);
    const number = echo ? this.#waits.takeText(bytes.toString("utf8")) : this.#waits.take();
    if (number >= 0) this.#events.answered(number);
  }

  closed(reason: string): void {
    this.#events.closed(reason);
  }
}
