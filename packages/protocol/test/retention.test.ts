import { parseRetention } from "@wsight/protocol";
import { describe, expect, it } from "vitest";

describe("how long tiers are kept", () => {
  it("is read in ms, and what is none says so", () => {
    expect(parseRetention("retention", { "1s": 3_600_000 })).toEqual({ "1s": 3_600_000 });
    expect(() => parseRetention("retention", { "1s": "1h" })).toThrow(/^retention 1s in ms: expected .*, got "1h"$/);
    expect(() => parseRetention("retention", { "2s": 3_600_000 })).toThrow(
      'retention: expected tiers 1s, 10s, 1m, 5m, 1h, got "2s"',
    );
  });
});
