import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClock } from "../src/format/clock.ts";
import { toCsv } from "../src/format/csv.ts";
import { axisText, byteRate, bytes, count, duration, join, rate, share, span } from "../src/format/quantity.ts";

describe("figures", () => {
  it("show the unknown as a dash and never as zero", () => {
    for (const format of [count, rate, share, duration, bytes]) {
      expect(join(format(null))).toBe("–");
      expect(join(format(Number.NaN))).toBe("–");
      expect(join(format(0))).not.toBe("–");
    }
  });

  it("show durations, which come in seconds, in the unit people say", () => {
    expect([4.2e-7, 9.3e-5, 0.0042, 0.068, 0.118, 1.5, 192].map((seconds) => join(duration(seconds)))).toEqual([
      "0.4 µs",
      "93 µs",
      "4.2 ms",
      "68 ms",
      "118 ms",
      "1.5 s",
      "3 min 12 s",
    ]);
  });

  it("never round a duration up to a thousand of its unit", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-7, max: 100, noNaN: true }), (seconds) => {
        expect(Number(duration(seconds).text)).toBeLessThan(1000);
      }),
    );
  });

  it("of an axis go without the second of counts, and keep that of sizes: 5 kB is not 5 kB a second", () => {
    expect([rate, bytes, byteRate].map((format) => axisText(format, 5000))).toEqual(["5.0k", "5 kB", "5 kB/s"]);
    expect(axisText(byteRate, 0)).toBe("0");
    expect([90, 600, 820, 7500].map((value) => axisText(duration, value))).toEqual([
      "90 s",
      "10 min",
      "13m 40s",
      "2h 5m",
    ]);
  });

  it("show rates, counts, shares and sizes", () => {
    expect([0.04, 4.25, 640, 9_640, 48_213, 2_500_000].map((value) => join(rate(value)))).toEqual([
      "0.04/s",
      "4.3/s",
      "640/s",
      "9.6k/s",
      "48.2k/s",
      "2.5M/s",
    ]);
    expect(join(count(12_486))).toBe("12,486");
    expect([0.00001, 0.0007, 0.47].map((value) => join(share(value)))).toEqual(["< 0.01 %", "0.07 %", "47 %"]);
    expect([999, 2100, 31_400_000].map((value) => join(bytes(value)))).toEqual(["999 B", "2.1 kB", "31 MB"]);
    expect([14_000, 192_000, 7_500_000, 90_000_000].map(span)).toEqual(["14 s", "3 min 12 s", "2 h 5 min", "1 d"]);
  });
});

describe("clocks", () => {
  it("tell the time of the chosen zone", () => {
    const clock = createClock("utc");
    const at = Date.UTC(2026, 10, 21, 14, 32, 7);
    expect([clock.time(at), clock.minute(at), clock.day(at), clock.zone]).toEqual([
      "14:32:07",
      "14:32",
      "Sat 21 Nov",
      "UTC",
    ]);
  });
});

describe("CSV", () => {
  it("opens in a spreadsheet without running a formula", () => {
    expect(toCsv(["time", "=cmd()"], [["+1+1", -2.5]])).toBe("time,'=cmd()\r\n'+1+1,-2.5");
  });

  it("quotes what would break a row and leaves the unknown empty", () => {
    expect(toCsv(['a "b"', "c,d"], [["x\ny", null]])).toBe('"a ""b""","c,d"\r\n"x\ny",');
  });
});
