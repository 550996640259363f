import type { Selector } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./hand-clock.ts";
import { Page, SmallHub } from "./small-hub.ts";

const RATE: Selector = { metric: "websocket.server.messages", agg: "rate" };
const MINUTE = 60_000;

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(1_800_000_000_000);
  await hub.listen();
  page = new Page(hub);
  hub.now = () => page.clock.now();
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

function transport(): string | null {
  return page.live.status.value.transport;
}

/** Tries again until so many attempts have failed. */
async function fail(attempts: number): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    await until(() => page.live.status.value.attempt === attempt && page.live.status.value.retryAt !== null);
    if (attempt < attempts) page.live.retryNow();
  }
}

/** A page whose WebSockets something on the way refuses, until it has taken the other way. */
async function lookByStream(): Promise<void> {
  hub.refuseUpgrades = 400;
  page.live.use({ series: [RATE], tables: [] });
  await fail(3);
  page.live.retryNow();
  await page.subscribed(1);
}

describe("where WebSockets do not get through", () => {
  it("takes server-sent events after three that never opened, with the same figures", async () => {
    await lookByStream();
    expect(hub.upgrades).toBe(3);
    expect(transport()).toBe("sse");
    expect(page.live.status.value).toMatchObject({ state: "live", attempt: 0 });
    for (let i = 0; i < 10; i++) await page.second();
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("says everything in the order it was meant", async () => {
    await lookByStream();
    const others = Array.from({ length: 20 }, (_, i): Selector => ({ ...RATE, window: i + 2 }));
    for (const selector of others) {
      page.live.use({ series: [selector], tables: [] });
      await Promise.resolve();
    }
    await page.subscribed(21);
    expect(hub.subscriptions.map(({ series }) => series.length)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  });

  it("tries a WebSocket each minute beside them, and goes over to it without losing a second", async () => {
    await lookByStream();
    const seconds = async (count: number) => {
      for (let i = 0; i < count; i++) await page.second();
    };
    await seconds(59);
    expect(hub.upgrades).toBe(3);
    await seconds(1);
    await until(() => hub.upgrades === 4);
    await seconds(59);
    expect({ transport: transport(), upgrades: hub.upgrades }).toEqual({ transport: "sse", upgrades: 4 });
    hub.refuseUpgrades = null;
    while (transport() === "sse") await page.second();
    await page.subscribed(2);
    expect(page.live.status.value).toMatchObject({ state: "live", attempt: 0 });
    await until(() => hub.streams.size === 0);
    await seconds(130);
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
    expect(hub.upgrades).toBe(5);
  });

  it("stays with them when one breaks, but tries a WebSocket first when a minute has passed", async () => {
    await lookByStream();
    hub.cut();
    await page.becomes("offline");
    page.live.retryNow();
    await page.subscribed(2);
    expect({ transport: transport(), upgrades: hub.upgrades }).toEqual({ transport: "sse", upgrades: 3 });
    hub.refuse = 503;
    hub.cut();
    await page.becomes("offline");
    page.clock.advance(MINUTE);
    hub.refuse = null;
    hub.refuseUpgrades = null;
    page.live.retryNow();
    await until(() => transport() === "websocket");
  });

  it("goes back and forth when neither opens", async () => {
    hub.refuse = 503;
    await fail(3);
    const upgradesAt: number[] = [];
    for (let attempt = 4; attempt <= 8; attempt++) {
      upgradesAt.push(hub.upgrades);
      page.live.retryNow();
      await until(() => page.live.status.value.attempt === attempt && page.live.status.value.retryAt !== null);
    }
    expect(upgradesAt).toEqual([3, 3, 4, 4, 5]);
  });

  it("answers the hub's question for a sign of life at once", async () => {
    await lookByStream();
    const before = hub.said.length;
    hub.pingStreams();
    await until(() => hub.said.length > before);
    expect(hub.said.at(-1)).toEqual({ type: "ping", sentAt: page.clock.now() });
  });

  it("asks for the sign-in when the session has ended meanwhile, whoever notices", async () => {
    await lookByStream();
    hub.sessions.clear();
    hub.end(4401);
    await page.becomes("signed-out");
    expect(transport()).toBeNull();
  });

  it("asks for the sign-in when what it says is refused with 401", async () => {
    await lookByStream();
    hub.sessions.clear();
    page.live.use({ series: [{ ...RATE, window: 9 }], tables: [] });
    await page.becomes("signed-out");
  });
});

describe("a working session that merely broke", () => {
  it("does not count: the WebSocket is tried again", async () => {
    page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    for (let times = 2; times <= 6; times++) {
      hub.cut();
      await page.becomes("offline");
      page.live.retryNow();
      await page.subscribed(times);
      expect(transport()).toBe("websocket");
    }
  });
});
