import { Buffer } from "node:buffer";
import { randomInt } from "node:crypto";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { FrameReader, FrameWriter, OPCODE } from "./frames.ts";
import { type HandshakeAnswer, HandshakeKeys, type HandshakeText, readAnswer, refusalOf } from "./handshake.ts";

/** How long a server may take to answer our goodbye before it is cut off, in ms. */
const CLOSE_MS = 2000;

/** Where to connect. */
export interface WireTarget {
  /** Name as the address says, for certificates. */
  readonly host: string;
  /** Where that is. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Accepts certificates that nobody vouches for. */
  readonly insecure: boolean;
  readonly handshake: HandshakeText;
  /** For connecting and the handshake together. */
  readonly timeoutMs: number;
}

/** What a socket tells; after `closed` nothing more. */
export interface WireEvents {
  opened(answer: HandshakeAnswer): void;
  /** `bytes` are only good during the call. */
  message(opcode: number, bytes: Buffer): void;
  /** An answer to a ping; `bytes` are only good during the call. */
  pong?(bytes: Buffer): void;
  /** It ended, or never opened; `reason` groups alike ends: `ECONNREFUSED`, `HTTP 401 …`, `close 1001`. */
  closed(reason: string): void;
}

/** What all sockets of a process can share. */
export interface WireKit {
  readonly writer: FrameWriter;
  readonly keys: HandshakeKeys;
  /** Plain sockets read into it: what is read is handled before the next read. */
  readonly buffer: Buffer<ArrayBuffer>;
}

/** Makes a kit. @param fastMask masks with zeros. @default false */
export function createWireKit(fastMask = false): WireKit {
  return {
    writer: new FrameWriter({ fastMask, seed: randomInt(2 ** 32) }),
    keys: new HandshakeKeys(),
    buffer: Buffer.allocUnsafeSlow(64 * 1024),
  };
}

/** What a socket is opened with. */
export interface WireOptions {
  readonly events: WireEvents;
  readonly kit: WireKit;
  readonly localAddress: string | undefined;
}

/**
 * A WebSocket client on a bare socket: no event objects, no listener but the
 * stream's own, one shared buffer to read into. Pings are answered.
 *
 * It is `opening` until the handshake is agreed on, `open` until either side
 * says goodbye, `closing` until the other has answered, and then `closed`.
 * However it ends, it ends with a reset: the side that ends first would
 * otherwise keep its port in TIME_WAIT for a minute.
 */
export class WireSocket {
  /** `performance.now()` when connecting began. */
  readonly startedAt: number = performance.now();
  readonly #events: WireEvents;
  readonly #writer: FrameWriter;
  /** The TCP socket, under TLS too. */
  readonly #raw: Socket;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #key: string;
  #timer: NodeJS.Timeout | undefined;
  #head: Buffer | null = null;
  #state: "opening" | "open" | "closing" | "closed" = "opening";
  #closeReason = "closed without a word";

  constructor(target: WireTarget, { events, kit, localAddress }: WireOptions) {
    this.#events = events;
    this.#writer = kit.writer;
    this.#key = kit.keys.next();
    this.#reader = new FrameReader((opcode, bytes) => this.#hear(opcode, bytes));
    const from = localAddress === undefined ? {} : { localAddress };
    const to = { host: target.address, port: target.port, noDelay: true, ...from };
    const opened = (): void => {
      this.#socket.write(target.handshake.before + this.#key + target.handshake.after, "latin1");
    };
    if (target.tls) {
      this.#raw = connectPlain(to);
      this.#raw.on("error", (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
      const servername = isIP(target.host) === 0 ? { servername: target.host } : {};
      const secure = { socket: this.#raw, host: target.host, ...servername, rejectUnauthorized: !target.insecure };
      this.#socket = connectTls(secure, opened);
      this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    } else {
      const callback = (length: number): boolean => {
        this.#receive(kit.buffer.subarray(0, length));
        return true;
      };
      this.#raw = this.#socket = connectPlain({ ...to, onread: { buffer: kit.buffer, callback } }, opened);
    }
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
    this.#socket.on("close", () => this.#fail(this.#closeReason));
    this.#timer = setTimeout(() => this.#fail("handshake timed out"), target.timeoutMs);
  }

  get open(): boolean {
    return this.#state === "open";
  }

  /** Bytes that wait for the kernel. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  /** Writes a frame made by the writer. */
  send(frame: Buffer): void {
    if (this.#state === "open") this.#socket.write(frame);
  }

  /** Says goodbye, and ends when the server has answered or two seconds have passed. Tells `closed`. */
  close(code = 1000): void {
    if (this.#state !== "open") {
      this.#fail("closed here");
      return;
    }
    this.send(this.#writer.bytes(OPCODE.close, Buffer.from([code >> 8, code & 255])));
    this.#state = "closing";
    this.#timer = setTimeout(() => this.#fail("no answer to close"), CLOSE_MS);
  }

  /** Ends at once. Tells nothing more. */
  abort(): void {
    this.#state = "closed";
    this.#destroy();
  }

  #receive(bytes: Buffer): void {
    if (this.#state === "closed") return;
    try {
      if (this.#state === "opening") this.#open(bytes);
      else this.#reader.read(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #open(bytes: Buffer): void {
    const head = this.#head === null ? bytes : Buffer.concat([this.#head, bytes]);
    const answer = readAnswer(head);
    if (answer === null) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#head = null;
    const refusal = refusalOf(answer, this.#key);
    if (refusal !== null) {
      this.#fail(refusal);
      return;
    }
    clearTimeout(this.#timer);
    this.#state = "open";
    // What listens may write into the shared buffer's owner: the rest is read first from its own memory.
    const rest = answer.end < head.length ? Buffer.from(head.subarray(answer.end)) : null;
    this.#events.opened(answer);
    if (rest !== null) this.#receive(rest);
  }

  #hear(opcode: number, bytes: Buffer): void {
    // What follows a close frame in the same read is not listened to.
    if (this.#state === "closed") return;
    if (opcode === OPCODE.text || opcode === OPCODE.binary) this.#events.message(opcode, bytes);
    else if (opcode === OPCODE.ping) this.send(this.#writer.bytes(OPCODE.pong, bytes));
    else if (opcode === OPCODE.pong) this.#events.pong?.(bytes);
    else if (opcode === OPCODE.close) this.#hearClose(bytes);
    else this.#fail(`the server sent a frame of the unknown kind ${opcode}`);
  }

  #hearClose(bytes: Buffer): void {
    const code = bytes.length >= 2 ? bytes.readUInt16BE(0) : 1005;
    const words = bytes.toString("utf8", 2, Math.min(bytes.length, 62)).replaceAll(/[^\x20-\x7e]/g, "?");
    this.#closeReason = `close ${code}${words === "" ? "" : ` ${words}`}`;
    if (this.#state === "closing") {
      this.#fail(this.#closeReason);
      return;
    }
    // The server began: it ends the connection when it has our answer, and only then is nothing lost by a reset.
    this.send(this.#writer.bytes(OPCODE.close, bytes.subarray(0, 2)));
    this.#state = "closing";
    this.#timer = setTimeout(() => this.#fail(this.#closeReason), CLOSE_MS);
  }

  #fail(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#destroy();
    this.#events.closed(reason);
  }

  #destroy(): void {
    clearTimeout(this.#timer);
    // A socket that still connects has nothing to reset, and would wait for its connection to do so.
    if (this.#raw.connecting || this.#raw.destroyed) this.#raw.destroy();
    else this.#raw.resetAndDestroy();
    if (this.#socket !== this.#raw) this.#socket.destroy();
  }
}
