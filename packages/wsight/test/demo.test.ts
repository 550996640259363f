import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startApplication } from "../dist/demo/application.js";
import { createRandom, exponential, logNormal, pick, pickSkewed } from "../dist/demo/random.js";
import { createRhythm } from "../dist/demo/rhythm.js";

const COUNT = 20_000;

function draw(next: () => number): number[] {
  return Array.from({ length: COUNT }, next).sort((a, b) => a - b);
}

describe("the chance of the demo", () => {
  it("repeats itself for the same seed, and differs for another", () => {
    const [a, b, other] = [createRandom(7), createRandom(7), createRandom(8)].map((random) => draw(random));
    expect(a).toEqual(b);
    expect(a).not.toEqual(other);
  });

  it("has the mean, the median and the favourites it was asked for", () => {
    const random = createRandom(1);
    const waits = draw(() => exponential(random, 40));
    expect(waits.reduce((sum, wait) => sum + wait, 0) / COUNT).toBeCloseTo(40, -0.5);
    const durations = draw(() => logNormal(random, 70, 0.7));
    expect(durations[COUNT / 2]).toBeGreaterThan(66);
    expect(durations[COUNT / 2]).toBeLessThan(74);
    const share = (choose: typeof pick): number =>
      Array.from({ length: COUNT }, () => choose(random, ["a", "b", "c", "d"])).filter((item) => item === "a").length /
      COUNT;
    expect(share(pick)).toBeCloseTo(0.25, 1);
    expect(share(pickSkewed)).toBeCloseTo(0.5, 1);
  });
});

describe("the application of the demo", () => {
  it("whose port is taken says which, and how to choose another", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    try {
      const sources = { redis: null, pool: null, close: async () => {} };
      const starting = startApplication({ port, seed: 1, onError: () => {}, sources });
      await expect(starting).rejects.toMatchObject({
        code: "LISTEN_FAILED",
        message: expect.stringMatching(new RegExp(`port ${port} \\(EADDRINUSE\\).*--app-port`)),
      });
    } finally {
      taken.close();
    }
  });
});

describe("the rhythm of the demo", () => {
  it("is a wave with bursts, never silent, the same for the same seed", () => {
    const seconds = Array.from({ length: 300 }, (_, i) => i * 1000);
    const busy = seconds.map(createRhythm(4700));
    expect(busy).toEqual(seconds.map(createRhythm(4700)));
    expect(Math.min(...busy)).toBeGreaterThan(0.4);
    expect(Math.max(...busy)).toBeGreaterThan(2.5);
    expect(busy.reduce((sum, value) => sum + value, 0) / busy.length).toBeCloseTo(1.2, 0);
  });
});
