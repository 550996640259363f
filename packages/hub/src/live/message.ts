/** First byte of a WebSocket frame that is a whole message. */
const WHOLE = 0x80;
const TEXT = 0x1;
const BYTES = 0x2;

/**
 * A message for any number of viewers: put into the form of each transport
 * when the first viewer of that transport gets it, and never again.
 */
export class LiveMessage {
  readonly payload: Buffer;
  /** Numbers; else text, which is JSON and so holds no line break. */
  readonly binary: boolean;
  #frame: Buffer | null = null;
  #event: Buffer | null = null;

  constructor(payload: Uint8Array | string, binary: boolean) {
    this.payload =
      typeof payload === "string"
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.binary = binary;
  }

  /** As one unmasked WebSocket frame, in one piece: one write each, and nothing to join. */
  get frame(): Buffer {
    this.#frame ??= Buffer.concat([frameHead(this.payload.length, this.binary ? BYTES : TEXT), this.payload]);
    return this.#frame;
  }

  /** As a server-sent event, which can carry text only: numbers go as base64. */
  get event(): Buffer {
    this.#event ??= Buffer.from(
      this.binary
        ? `event: bytes\ndata: ${this.payload.toString("base64")}\n\n`
        : `event: text\ndata: ${this.payload.toString()}\n\n`,
    );
    return this.#event;
  }
}

function frameHead(length: number, opcode: number): Buffer {
  if (length <= 125) return Buffer.of(WHOLE | opcode, length);
  const head = Buffer.alloc(length <= 0xffff ? 4 : 10);
  head[0] = WHOLE | opcode;
  if (length <= 0xffff) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeUIntBE(length, 4, 6);
  }
  return head;
}
