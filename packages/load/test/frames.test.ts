import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader, FrameWriter, OPCODE } from "../dist/wire/frames.js";

/** A frame as a server sends it, by the letter of RFC 6455 §5.2. */
function serverFrame(first: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const head =
    length < 126
      ? Buffer.from([first, length])
      : length < 65_536
        ? Buffer.from([first, 126, length >> 8, length & 255])
        : Buffer.from([first, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255]);
  return Buffer.concat([head, payload]);
}

/** Unmasks a client's frame. */
function readClientFrame(frame: Buffer): { opcode: number; payload: Buffer } {
  expect((frame[0] ?? 0) & 0xf0).toBe(0x80);
  expect((frame[1] ?? 0) & 0x80).toBe(0x80);
  const short = (frame[1] ?? 0) & 127;
  const [length, at] =
    short < 126 ? [short, 2] : short === 126 ? [frame.readUInt16BE(2), 4] : [Number(frame.readBigUInt64BE(2)), 10];
  const mask = frame.subarray(at, at + 4);
  const payload = Buffer.from(frame.subarray(at + 4)).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  expect(payload.length).toBe(length);
  return { opcode: (frame[0] ?? 0) & 15, payload: Buffer.from(payload) };
}

/** Cuts bytes where the numbers say. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

describe("frames of the tool", () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_001])("say what they are to say at %i bytes", (length) => {
    const writer = new FrameWriter({ fastMask: false, seed: 7 });
    const text = "ä".repeat(length >> 1) + "x".repeat(length & 1);
    const { opcode, payload } = readClientFrame(writer.text(text));
    expect([opcode, payload.toString()]).toEqual([OPCODE.text, text]);
  });

  it("carry any bytes, masked or with zeros", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), fc.integer(), (bytes, fastMask, seed) => {
        const frame = new FrameWriter({ fastMask, seed }).bytes(OPCODE.binary, bytes);
        expect([...readClientFrame(frame).payload]).toEqual([...bytes]);
      }),
    );
  });

  it("have another mask each", () => {
    const writer = new FrameWriter({ fastMask: false, seed: 0 });
    const masks = new Set(Array.from({ length: 1000 }, () => writer.text("same").subarray(2, 6).toString("hex")));
    expect(masks.size).toBe(1000);
  });
});

describe("frames of servers", () => {
  it("are put together however they are cut, split and interrupted by pings", () => {
    const message = fc.record({ parts: fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, places) => {
        const stream: Buffer[] = [];
        const sent: string[] = [];
        for (const { parts } of messages) {
          for (const [i, part] of parts.entries()) {
            const opcode = i === 0 ? OPCODE.binary : OPCODE.continuation;
            stream.push(serverFrame((i === parts.length - 1 ? 0x80 : 0) | opcode, part));
            if (i < parts.length - 1) {
              stream.push(serverFrame(0x80 | OPCODE.ping, Buffer.from("p")));
              sent.push(`${OPCODE.ping}:70`);
            }
          }
          sent.push(`${OPCODE.binary}:${Buffer.concat(parts).toString("hex")}`);
        }
        const heard: string[] = [];
        const reader = new FrameReader((opcode, bytes) => heard.push(`${opcode}:${bytes.toString("hex")}`));
        // One buffer for all reads, as the sockets have: what must outlive a read must be copied.
        const shared = Buffer.alloc(4096);
        for (const chunk of cut(Buffer.concat(stream), places)) {
          for (let at = 0; at < chunk.length; at += shared.length) {
            const length = chunk.copy(shared, 0, at);
            reader.read(shared.subarray(0, length));
            shared.fill(0xff, 0, length);
          }
        }
        expect(heard).toEqual(sent);
      }),
    );
  });

  it.each([
    ["a mask", Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), "a masked frame"],
    ["a compressed message", Buffer.from([0xc1, 1, 65]), "an extension that was not agreed on"],
    ["64 MiB and more", Buffer.from([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]), "a frame of 4294967296 bytes"],
    ["a split ping", Buffer.from([0x09, 0]), "a control frame that is none"],
    ["a part of nothing", Buffer.from([0x80, 0]), "mixed up the parts"],
    ["a message within a message", Buffer.from([0x01, 1, 65, 0x81, 1, 66]), "mixed up the parts"],
  ])("are refused with %s", (_what, bytes, message) => {
    const reader = new FrameReader(() => undefined);
    expect(() => reader.read(bytes)).toThrow(message);
  });
});
