import {
  decodeLiveBytes,
  decodeViewerMessage,
  encodeBackfill,
  encodeTick,
  type Tick,
  toWire,
  WsightError,
} from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }) },
  { weight: 2, arbitrary: fc.integer({ min: -50, max: 50 }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const columns = (length: number) => fc.array(value, { minLength: length, maxLength: length });

describe("ticks", () => {
  it("of a whole session come back exactly, unknown values included, as keyframes and as differences", () => {
    const session = fc
      .integer({ min: 0, max: 40 })
      .chain((width) => fc.array(columns(width), { minLength: 1, maxLength: 12 }));
    fc.assert(
      fc.property(session, fc.nat(), (rows, channel) => {
        let sent: Float64Array | null = null;
        let got: Float64Array | null = null;
        rows.forEach((row, seq) => {
          const values = Float64Array.from(row);
          const tick = decodeLiveBytes(encodeTick({ channel, seq, at: 1_000_000 + seq, values }, sent), got) as Tick;
          expect(tick).toMatchObject({ type: "tick", channel, seq, at: 1_000_000 + seq, keyframe: sent === null });
          // toEqual tells NaN from 0 and 0 from -0; -0 does not travel.
          expect([...tick.values].map((v) => v + 0)).toEqual(row.map((v) => v + 0));
          sent = values;
          got = tick.values;
        });
      }),
    );
  });

  it("in which nothing changed cost a bit for each series", () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => i * 1000);
    expect(encodeTick({ channel: 1, seq: 2, at: Date.now(), values }, values).length).toBeLessThan(40);
  });

  it("can't be read without the values before", () => {
    const values = Float64Array.from([1]);
    const bytes = encodeTick({ channel: 1, seq: 1, at: 1, values }, values);
    expect(() => decodeLiveBytes(bytes, null)).toThrow("expected a keyframe first");
    expect(() => decodeLiveBytes(bytes, new Float64Array(2))).toThrow(WsightError);
  });
});

describe("backfills", () => {
  it("come back exactly", () => {
    const past = fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 60 }))
      .chain(([width, length]) => fc.array(columns(length), { minLength: width, maxLength: width }));
    fc.assert(
      fc.property(past, (given) => {
        const sent = {
          channel: 3,
          fromAt: 1_700_000_000_000,
          stepMs: 1000,
          columns: given.map((c) => Float64Array.from(c)),
        };
        const got = decodeLiveBytes(encodeBackfill(sent), null);
        expect(got).toMatchObject({ type: "backfill", channel: 3, fromAt: sent.fromAt, stepMs: 1000 });
        if (got.type !== "backfill") throw new Error("not a backfill");
        expect(got.columns.map((column) => [...column].map((v) => v + 0))).toEqual(
          given.map((c) => c.map((v) => v + 0)),
        );
      }),
    );
  });
});

describe("bytes of a session that are not right", () => {
  it("are refused, never more", () => {
    const values = Float64Array.from([1, 2, 3]);
    const good = [
      encodeTick({ channel: 1, seq: 1, at: 1, values }, null),
      encodeBackfill({ channel: 1, fromAt: 1, stepMs: 1, columns: [values, values] }),
    ];
    fc.assert(
      fc.property(fc.nat(1), fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 60 }), (which, where, what, noise) => {
        const changed = Uint8Array.from(good[which] as Uint8Array);
        changed[where % changed.length] = what;
        for (const bytes of [changed, changed.subarray(0, where % changed.length), noise]) {
          try {
            decodeLiveBytes(bytes, values);
          } catch (error) {
            expect(error).toBeInstanceOf(WsightError);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("values on the wire", () => {
  it("are whole numbers of a scale; what is no number or too large is unknown", () => {
    expect(toWire(0.001234, 1e6)).toBe(1234);
    for (const unknown of [null, Number.NaN, Infinity, 1e300]) expect(toWire(unknown, 100)).toBeNaN();
  });
});

describe("viewer messages", () => {
  it("are subscribe, rate and ping", () => {
    const subscribe = {
      type: "subscribe",
      id: 1,
      series: [{ metric: "process.uptime", agg: "last" }],
      tables: ["nodes"],
      since: 5,
    };
    for (const message of [subscribe, { type: "rate", everyMs: 10_000 }, { type: "ping", sentAt: 5 }]) {
      expect(decodeViewerMessage(JSON.stringify(message))).toEqual(message);
    }
  });

  it.each([
    ["nonsense", "message: expected JSON"],
    ['{"type":"shout"}', "type: expected one of subscribe, rate, tail, ping"],
    ['{"type":"rate","everyMs":5}', "everyMs: expected one of 1000, 10000"],
    ['{"type":"subscribe","id":-1,"series":[],"tables":[]}', "id: expected a number from 0"],
    ['{"type":"subscribe","id":1,"series":[],"tables":["secrets"]}', "table: expected one of nodes"],
    ['{"type":"subscribe","id":1,"series":{},"tables":[]}', "series: expected an array, got an object"],
  ])("like %s are refused with what was expected", (text, words) => {
    expect(() => decodeViewerMessage(text)).toThrow(words);
  });
});
