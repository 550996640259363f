import { ByteReader, ByteWriter, WsightError } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const EDGES = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32].concat(
  [2 ** 35 - 1, 2 ** 35, 2 ** 49, 2 ** 52 - 1, 2 ** 52, Number.MAX_SAFE_INTEGER],
);

function written(write: (writer: ByteWriter) => void): ByteReader {
  const writer = new ByteWriter(1);
  write(writer);
  return new ByteReader(writer.finish());
}

describe("varints", () => {
  it.each(EDGES)("carry %d", (value) => {
    const reader = written((writer) => writer.varint(value));
    expect(reader.varint()).toBe(value);
    expect(reader.remaining).toBe(0);
  });

  it("carry any safe whole number, zigzag any sign", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), (natural, signed) => {
        const reader = written((writer) => {
          writer.varint(natural);
          writer.zigzag(signed);
        });
        expect(reader.varint()).toBe(natural);
        expect(Object.is(reader.zigzag(), signed === 0 ? 0 : signed)).toBe(true);
        expect(reader.remaining).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it("that end too early, go on too long or exceed 2^53 are refused", () => {
    const all = [[], [0x80], [0xff, 0xff], Array(9).fill(0x80), Array(12).fill(0xff), [...Array(7).fill(0xff), 0x7f]];
    for (const bytes of all) expect(() => new ByteReader(Uint8Array.from(bytes)).varint()).toThrow(WsightError);
  });
});

describe("a reader", () => {
  it("reads what was written, in order, whatever it is", () => {
    const item = fc.oneof(
      fc.record({ kind: fc.constant("u8"), value: fc.nat(255) }),
      fc.record({ kind: fc.constant("f64"), value: fc.double() }),
      fc.record({ kind: fc.constant("block"), value: fc.uint8Array({ maxLength: 300 }) }),
    ) as fc.Arbitrary<{ kind: "u8" | "f64" | "block"; value: never }>;
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        const reader = written((writer) => {
          for (const { kind, value } of items) writer[kind](value);
        });
        for (const { kind, value } of items) expect(reader[kind]()).toEqual(value);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it("respects the view it was given, and refuses to read past its end", () => {
    const reader = new ByteReader(Uint8Array.from([9, 1, 2, 9]).subarray(1, 3));
    expect([reader.u8(), reader.u8()]).toEqual([1, 2]);
    expect(() => reader.u8()).toThrow("expected 1 more bytes at 2, got 0");
    expect(() => reader.f64()).toThrow(WsightError);
    expect(() => reader.bytes(1)).toThrow(WsightError);
  });

  it("refuses counts beyond what the caller allows", () => {
    expect(() => written((writer) => writer.varint(11)).count(10)).toThrow("a count of at most 10, got 11");
  });
});

describe("a writer", () => {
  it("can be used again after reset, and what it gave away stays as it was", () => {
    const writer = new ByteWriter(2);
    writer.varint(300);
    const first = writer.finish();
    writer.reset();
    writer.varint(5);
    expect([...first]).toEqual([0xac, 0x02]);
    expect([...writer.finish()]).toEqual([5]);
  });
});
