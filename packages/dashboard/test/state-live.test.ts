import { effect } from "@preact/signals";
import { type Selector, selectorKey } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./hand-clock.ts";
import { Page, SmallHub, truth } from "./small-hub.ts";

const RATE: Selector = { metric: "websocket.server.messages", agg: "rate" };
const OPEN: Selector = { metric: "websocket.server.active_connections", agg: "last" };
const ON_B: Selector = { ...OPEN, node: "chat/b" };
const START = 1_800_000_000_000;

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(START, 600_000);
  await hub.listen();
  page = new Page(hub);
  hub.now = () => page.clock.now();
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

describe("what is on screen", () => {
  it("is one subscription, however many parts of the page use it", async () => {
    page.live.use({ series: [RATE], tables: ["nodes"] });
    page.live.use({ series: [OPEN, RATE], tables: ["hub", "nodes"] });
    await page.subscribed(1);
    expect(hub.subscriptions).toHaveLength(1);
    expect(hub.subscriptions[0]).toMatchObject({ series: [RATE, OPEN], tables: ["hub", "nodes"] });
  });

  it("changes with the page in one step, asking only for what is missing", async () => {
    const release = page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    await page.second();
    release();
    release();
    page.live.use({ series: [RATE, OPEN], tables: [] });
    await page.subscribed(2);
    expect(hub.subscriptions[1]).toMatchObject({ series: [RATE, OPEN] });
    expect(hub.subscriptions[1]).not.toHaveProperty("since");
    page.live.use({ series: [RATE], tables: [] });
    page.live.use({ series: [RATE], tables: ["closes"] });
    await page.subscribed(3);
    expect(hub.subscriptions[2]).toMatchObject({ series: [RATE, OPEN], tables: ["closes"], since: hub.at });
  });

  it("finds its series again within a minute, and lets go of it after", async () => {
    const release = page.live.use({ series: [RATE], tables: [] });
    page.live.use({ series: [OPEN], tables: [] });
    await page.subscribed(1);
    release();
    await page.subscribed(2);
    for (let i = 0; i < 59; i++) await page.second();
    expect(page.live.series(RATE).latest()).not.toBeNull();
    await page.second();
    expect(page.live.series(RATE).latest()).toBeNull();
    expect(page.live.series(OPEN).latest()).not.toBeNull();
  });

  it("leaves nothing behind after a thousand pages came and went", async () => {
    page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    const timers = page.clock.timers;
    for (let i = 0; i < 1000; i++) {
      const selector: Selector = { metric: "websocket.server.errors", agg: "rate", where: { "error.type": `e${i}` } };
      const release = page.live.use({ series: [selector], tables: ["nodes"] });
      page.live.series(selector);
      await Promise.resolve();
      release();
      await Promise.resolve();
    }
    await until(() => hub.subscriptions.length === 2001);
    expect(hub.subscriptions.at(-1)).toMatchObject({ series: [RATE], tables: [] });
    expect(page.clock.timers).toBe(timers);
    expect(page.clock.frames).toBeLessThanOrEqual(1);
    expect(page.attention.listeners).toBe(2);
    page.live.close();
    page.live.close();
    expect([page.clock.timers, page.clock.frames, page.attention.listeners]).toEqual([0, 0, 0]);
  });

  it("keeps at most 512 series in one subscription and says what it left out", async () => {
    const series = Array.from({ length: 520 }, (_, i): Selector => ({ ...RATE, where: { event: `e${i}` } }));
    page.live.use({ series, tables: [] });
    await until(() => hub.subscriptions.length === 1);
    expect(hub.subscriptions[0]?.series).toHaveLength(512);
    expect(page.live.fault.value?.message).toContain("8 were left out");
  });
});

describe("drawing", () => {
  it("happens once a frame for everything that came since, and not without news", async () => {
    page.live.use({ series: [RATE], tables: ["nodes", "closes"] });
    await page.subscribed(1);
    await page.second();
    const before = page.live.tick.value;
    let woken = 0;
    const stop = effect(() => {
      page.live.tick.value;
      page.live.table("closes").value;
      woken++;
    });
    page.clock.advance(2000);
    hub.tick();
    hub.tick();
    hub.sendTable("nodes", []);
    hub.sendTable("closes", [{ key: "1000", count: 3 }]);
    await page.heard();
    expect(woken).toBe(1);
    page.clock.paint();
    page.clock.paint();
    expect([woken, page.live.tick.value]).toEqual([2, before + 1]);
    expect(page.live.table("closes").value).toEqual([{ key: "1000", count: 3 }]);
    stop();
  });

  it("counts the bytes it received over ten seconds", async () => {
    page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    for (let i = 0; i < 12; i++) await page.second();
    const quiet = page.live.bytesPerSecond.value;
    expect(quiet).toBeGreaterThan(0);
    hub.sendTable("closes", [{ key: "x".repeat(9900), count: 1 }]);
    await page.heard();
    await page.second();
    await page.second();
    expect(page.live.bytesPerSecond.value - quiet).toBeGreaterThan(900);
    expect(page.live.bytesPerSecond.value - quiet).toBeLessThan(1100);
  });
});

describe("paused", () => {
  it("keeps the picture, its figures and its tables, while data goes on arriving", async () => {
    page.live.use({ series: [RATE], tables: ["closes"] });
    await page.subscribed(1);
    hub.sendTable("closes", [{ key: "1000", count: 1 }]);
    await page.second();
    const at = hub.at;
    const tick = page.live.tick.value;
    const shown = page.live.series(RATE).read(at - 300_000, at);
    page.live.paused.value = true;
    expect(page.live.pausedAt.value).toBe(at);
    for (let i = 0; i < 1000; i++) {
      page.clock.advance(1000);
      hub.tick();
      if (i % 5 === 0) await page.heard();
    }
    hub.sendTable("closes", [{ key: "1000", count: 2 }]);
    await page.heard();
    page.clock.paint();
    expect([page.live.now.value, page.live.tick.value]).toEqual([at, tick]);
    expect(page.live.series(RATE).latest()).toBe(truth(selectorKey(RATE), at));
    expect(page.live.series(RATE).read(at - 300_000, at).value).toEqual(shown.value);
    expect(page.live.series(RATE).read(at, at + 5000).length).toBe(1);
    expect(page.live.table("closes").value).toEqual([{ key: "1000", count: 1 }]);
    expect(page.live.status.value.state).toBe("live");

    page.live.paused.value = false;
    page.clock.paint();
    expect(page.live.pausedAt.value).toBeNull();
    expect(page.live.now.value).toBe(hub.at);
    expect(page.live.table("closes").value).toEqual([{ key: "1000", count: 2 }]);
    expect(page.differences(RATE, hub.at - 899_000, hub.at)).toEqual([]);
  });

  it("still shows a page that is opened meanwhile, up to the moment of the pause", async () => {
    page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    page.live.paused.value = true;
    const at = page.live.now.value;
    for (let i = 0; i < 5; i++) await page.second();
    page.live.use({ series: [OPEN], tables: [] });
    await page.subscribed(2);
    for (let i = 0; i < 900; i++) {
      page.clock.advance(1000);
      hub.tick();
      if (i % 5 === 0) await page.heard();
    }
    expect(page.live.series(OPEN).read(at - 60_000, at + 60_000).length).toBe(61);
    expect(page.differences(OPEN, at - 60_000, at)).toEqual([]);
  });
});

describe("the node switch", () => {
  it("turns every selector without a node of its own to the node, and back", async () => {
    page.live.use({ series: [RATE, ON_B], tables: [] });
    const ring = page.live.series(RATE);
    await page.subscribed(1);
    page.live.node.value = "chat/a";
    await page.subscribed(2);
    const onA = { ...RATE, node: "chat/a" };
    expect(hub.subscriptions[1]?.series).toEqual([onA, ON_B]);
    expect(page.live.series(RATE)).toBe(ring);
    await page.second();
    expect(ring.key).toBe(selectorKey(RATE));
    expect(ring.latest()).toBe(truth(selectorKey(onA), hub.at));
    expect(page.differences(RATE, hub.startedAt, hub.at, onA)).toEqual([]);
    expect(page.differences(ON_B, hub.startedAt, hub.at)).toEqual([]);
    page.live.node.value = null;
    await page.subscribed(3);
    // What was held before the switch is still there; only the second since then is asked for.
    expect(hub.subscriptions[2]).toMatchObject({ series: [RATE, ON_B], since: hub.at - 1000 });
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });
});
