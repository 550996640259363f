import { OPCODE } from "../wire/frames.ts";
import type { HandshakeAnswer } from "../wire/handshake.ts";
import { createWireKit, type WireEvents, WireSocket, type WireTarget } from "../wire/wire-socket.ts";

/** One bare connection that a test looks at step by step. */
export class ProbeSocket {
  /** The server's answer to the handshake; `null` when there was none, or a refusal. */
  answer: HandshakeAnswer | null = null;
  /** Why it ended; `null` while it is open. */
  reason: string | null = null;
  readonly #kit = createWireKit();
  readonly #socket: WireSocket;
  readonly #opened: Promise<boolean>;
  readonly #ended: Promise<void>;
  #onPong: (() => void) | undefined;

  constructor(target: WireTarget) {
    let open: ((opened: boolean) => void) | undefined;
    let end: (() => void) | undefined;
    this.#opened = new Promise((resolve) => {
      open = resolve;
    });
    this.#ended = new Promise((resolve) => {
      end = resolve;
    });
    const events: WireEvents = {
      opened: (answer) => {
        this.answer = answer;
        open?.(true);
      },
      message: () => undefined,
      pong: () => this.#onPong?.(),
      closed: (reason) => {
        this.reason = reason;
        open?.(false);
        end?.();
      },
    };
    const options = { events, kit: this.#kit, localAddress: undefined };
    this.#socket = new WireSocket(target, options);
  }

  /** Waits for the handshake. */
  opened(): Promise<boolean> {
    return this.#opened;
  }

  /** ms until a ping was answered; `null` when it was not in time. */
  async ping(timeoutMs: number): Promise<number | null> {
    const sentAt = performance.now();
    const pong = new Promise<boolean>((resolve) => {
      this.#onPong = () => resolve(true);
    });
    this.#socket.send(this.#kit.writer.bytes(OPCODE.ping, Buffer.from("wsight")));
    const came = await within(Promise.race([pong, this.#ended.then(() => false)]), timeoutMs);
    return came === true ? performance.now() - sentAt : null;
  }

  /** Sends a text message. */
  text(text: string): void {
    this.#socket.send(this.#kit.writer.text(text));
  }

  /** ms until the server said goodbye too; `null` when it did not. */
  async goodbye(code: number): Promise<number | null> {
    const startedAt = performance.now();
    this.#socket.close(code);
    await this.#ended;
    return this.reason?.startsWith("close ") === true ? performance.now() - startedAt : null;
  }

  /** Ends at once. */
  abort(): void {
    this.#socket.abort();
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
}
