import { Buffer } from "node:buffer";

/** Opcodes of RFC 6455 §5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Largest message that is read, in bytes; a server that sends more is cut off. */
const MAX_MESSAGE: number = 64 * 1024 * 1024;

/** Makes client frames: final, masked as RFC 6455 §5.3 asks, and never in parts. */
export class FrameWriter {
  readonly #fastMask: boolean;
  #seed: number;

  /** @param fastMask masks with zeros: legal, and saves both sides the work; not what browsers send */
  constructor(options: { readonly fastMask: boolean; readonly seed: number }) {
    this.#fastMask = options.fastMask;
    this.#seed = options.seed >>> 0 || 1;
  }

  /** One text frame in memory of its own. */
  text(text: string): Buffer {
    const length = Buffer.byteLength(text);
    const { frame, at } = this.#head(OPCODE.text, length);
    frame.write(text, at);
    this.#mask(frame, at);
    return frame;
  }

  /** One frame with these bytes. */
  bytes(opcode: number, payload: Uint8Array): Buffer {
    const { frame, at } = this.#head(opcode, payload.length);
    frame.set(payload, at);
    this.#mask(frame, at);
    return frame;
  }

  #head(opcode: number, length: number): { frame: Buffer; at: number } {
    const at = length < 126 ? 6 : length < 65_536 ? 8 : 14;
    const frame = Buffer.allocUnsafe(at + length);
    frame[0] = 0x80 | opcode;
    if (length < 126) frame[1] = 0x80 | length;
    else if (length < 65_536) {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(length, 2);
    } else {
      frame[1] = 0x80 | 127;
      frame.writeUInt32BE(Math.floor(length / 0x1_0000_0000), 2);
      frame.writeUInt32BE(length >>> 0, 6);
    }
    return { frame, at };
  }

  #mask(frame: Buffer, at: number): void {
    const mask = this.#fastMask ? 0 : this.#next();
    const start = at - 4;
    frame[start] = mask & 255;
    frame[start + 1] = (mask >>> 8) & 255;
    frame[start + 2] = (mask >>> 16) & 255;
    frame[start + 3] = mask >>> 24;
    if (mask === 0) return;
    for (let i = at; i < frame.length; i++) {
      frame[i] = (frame[i] as number) ^ (frame[start + ((i - at) & 3)] as number);
    }
  }

  /** xorshift32 (Marsaglia 2003): masks only have to differ, nobody hides behind them here. */
  #next(): number {
    let x = this.#seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#seed = x >>> 0;
    return this.#seed;
  }
}

/** Hears whole messages; `bytes` are only good during the call. */
export type OnMessage = (opcode: number, bytes: Buffer) => void;

/** Why a server's bytes were refused. */
class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * Reads server frames off a stream, whole messages at a time. Bytes are copied
 * only when a frame is split over two reads or a message over two frames.
 */
export class FrameReader {
  readonly #onMessage: OnMessage;
  #rest: Buffer | null = null;
  #parts: Buffer[] = [];
  #partsLength = 0;
  #opcode = 0;

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage;
  }

  /** @throws FrameError when it is no WebSocket that speaks */
  read(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    while (at < bytes.length) {
      const used = this.#frame(bytes, at);
      if (used === 0) break;
      at += used;
    }
    // The chunk belongs to whoever read it: what is left is copied.
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** Takes one frame; returns its length, 0 while it is not all there. */
  #frame(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    if (left < 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    if ((second & 0x80) !== 0) throw new FrameError("the server sent a masked frame");
    if ((first & 0x70) !== 0) throw new FrameError("the server used an extension that was not agreed on");
    let length = second & 0x7f;
    let head = 2;
    if (length === 126) {
      if (left < 4) return 0;
      length = bytes.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (left < 10) return 0;
      length = bytes.readUInt32BE(at + 2) * 0x1_0000_0000 + bytes.readUInt32BE(at + 6);
      head = 10;
    }
    if (length > MAX_MESSAGE) throw new FrameError(`the server sent a frame of ${length} bytes`);
    if (left < head + length) return 0;
    this.#take(first, bytes.subarray(at + head, at + head + length));
    return head + length;
  }

  #take(first: number, payload: Buffer): void {
    const opcode = first & 15;
    const final = (first & 0x80) !== 0;
    if (opcode >= 8) {
      if (!final || payload.length > 125) throw new FrameError("the server sent a control frame that is none");
      this.#onMessage(opcode, payload);
      return;
    }
    const goesOn = opcode === OPCODE.continuation;
    if (goesOn !== this.#parts.length > 0) throw new FrameError("the server mixed up the parts of a message");
    if (final && !goesOn) {
      this.#onMessage(opcode, payload);
      return;
    }
    if (!goesOn) this.#opcode = opcode;
    this.#partsLength += payload.length;
    if (this.#partsLength > MAX_MESSAGE) throw new FrameError(`the server sent a message above ${MAX_MESSAGE} bytes`);
    this.#parts.push(Buffer.from(payload));
    if (!final) return;
    const whole = Buffer.concat(this.#parts, this.#partsLength);
    this.#parts = [];
    this.#partsLength = 0;
    this.#onMessage(this.#opcode, whole);
  }
}
