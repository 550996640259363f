import { Sealer, sealingKey } from "@wsight/hub";
import { describe, expect, it } from "vitest";

const SEALER = new Sealer(sealingKey("s".repeat(32)));

describe("secrets of channels", () => {
  it("are sealed another way each time, and opened as they were", () => {
    const secrets = { password: "p\u0000ä🚀", token: "" };
    const [one, two] = [SEALER.reseal("chat", null, secrets), SEALER.reseal("chat", null, secrets)];
    expect(one).not.toBe(two);
    expect(one).not.toContain("🚀");
    expect(SEALER.open("chat", one)).toEqual(secrets);
    expect(SEALER.open("chat", two)).toEqual(secrets);
  });

  it("stay as they are when nothing is said of them, even by who can't open them", () => {
    const before = SEALER.reseal("chat", null, { password: "p", token: "t" });
    const stranger = new Sealer(sealingKey("t".repeat(32)));
    const after = stranger.reseal("chat", before, { token: null });
    expect(SEALER.open("chat", after)).toEqual({ password: "p" });
    expect(stranger.canOpen("chat", after)).toBe(false);
    expect(() => stranger.open("chat", after)).toThrow(/another secret; enter them again/);
  });

  it("open for no other channel, under no other name, and not when a bit was changed", () => {
    const sealed = SEALER.reseal("chat", null, { password: "p" });
    const { password } = JSON.parse(sealed) as { password: string };
    expect(SEALER.canOpen("chat", sealed)).toBe(true);
    expect(SEALER.canOpen("mail", sealed)).toBe(false);
    expect(SEALER.canOpen("chat", JSON.stringify({ token: password }))).toBe(false);
    const bytes = Buffer.from(password, "base64url");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] as number) ^ 1;
      expect(SEALER.canOpen("chat", JSON.stringify({ password: changed.toString("base64url") }))).toBe(false);
    }
    expect(SEALER.canOpen("chat", JSON.stringify({ password: "" }))).toBe(false);
  });
});
