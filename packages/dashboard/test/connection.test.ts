import { encodeTick, type Selector, selectorKey } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./hand-clock.ts";
import { Page, SmallHub, truth } from "./small-hub.ts";

const RATE: Selector = { metric: "websocket.server.messages", agg: "rate" };
const OPEN: Selector = { metric: "websocket.server.active_connections", agg: "last" };
const START = 1_800_000_000_000;

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(START);
  await hub.listen();
  page = new Page(hub);
  hub.now = () => page.clock.now();
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

/** Connects, looks at both series, and has the past. */
async function look(): Promise<void> {
  page.live.use({ series: [RATE, OPEN], tables: ["nodes"] });
  await page.subscribed(1);
}

describe("a session", () => {
  it("asks once for what is on screen and holds the past exactly, in base units", async () => {
    await look();
    expect(hub.subscriptions).toEqual([{ type: "subscribe", id: 1, series: [RATE, OPEN], tables: ["nodes"] }]);
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
    expect(page.differences(OPEN, hub.startedAt, hub.at)).toEqual([]);
    expect(page.live.series(RATE).latest()).toBe(truth(selectorKey(RATE), hub.at));
  });

  it("follows ticks, and reads what is not known as a gap and not as zero", async () => {
    await look();
    for (let i = 0; i < 30; i++) await page.second();
    expect(page.differences(RATE, hub.at - 29_000, hub.at)).toEqual([]);
    const { value, length } = page.live.series(RATE).read(hub.at - 29_000, hub.at);
    expect([...value.subarray(0, length)].filter(Number.isNaN).length).toBeGreaterThan(1);
    expect(page.live.now.value).toBe(hub.at);
  });

  it("tells hub time by the median of its pings, whatever this machine's clock says", async () => {
    hub.now = () => page.clock.now() + 3_600_000;
    hub.at += 3_600_000;
    await look();
    await page.second();
    expect(page.live.status.value.state).toBe("live");
    expect(page.live.status.value.lagMs).toBeLessThan(2000);
    expect(page.live.now.value).toBe(hub.at);
  });
});

describe("the age of what came tells the state", () => {
  it("is connecting, live up to 2.5 s late, lagging up to 10 s, then offline", async () => {
    expect(page.live.status.value.state).toBe("connecting");
    await look();
    expect(page.live.status.value).toMatchObject({ state: "live", transport: "websocket", attempt: 0, lastAt: hub.at });
    page.clock.advance(2500);
    expect(page.live.status.value).toMatchObject({ state: "live", lagMs: 0 });
    page.clock.advance(500);
    expect(page.live.status.value).toMatchObject({ state: "lagging", lagMs: 3000 });
    page.clock.advance(7000);
    expect(page.live.status.value.state).toBe("lagging");
    // Something is heard, so the socket is not taken for dead, but figures do not come.
    await page.heard();
    page.clock.advance(500);
    expect(page.live.status.value).toMatchObject({ state: "offline", lastAt: hub.at });
  });

  it("lets the right edge run on while figures are late, so that the gap is seen", async () => {
    await look();
    const before = page.live.now.value;
    page.clock.advance(5000);
    page.clock.paint();
    expect(page.live.now.value).toBe(before + 5000);
    expect(page.live.series(RATE).read(before + 1000, before + 5000).value).toEqual(
      new Float64Array(5).fill(Number.NaN),
    );
  });

  it("is offline at once when the socket closes, and says when it tries again", async () => {
    await look();
    hub.cut();
    await page.becomes("offline");
    const { retryAt, attempt, transport } = page.live.status.value;
    expect({ attempt, transport }).toEqual({ attempt: 1, transport: null });
    expect((retryAt ?? 0) - page.clock.now()).toBe(1000);
  });
});

describe("reconnecting", () => {
  it("resumes with the newest second held and fills exactly the gap", async () => {
    await look();
    for (let i = 0; i < 5; i++) await page.second();
    const newest = hub.at;
    hub.cut();
    await page.becomes("offline");
    hub.refuse = 503;
    for (let i = 0; i < 40; i++) {
      hub.tick();
      page.clock.advance(1000);
    }
    await until(() => page.live.status.value.retryAt !== null);
    hub.refuse = null;
    page.live.retryNow();
    await page.subscribed(2);
    expect(hub.subscriptions[1]).toMatchObject({ since: newest, series: [RATE, OPEN] });
    expect(page.live.status.value.attempt).toBe(0);
    await page.second();
    expect(page.live.status.value.state).toBe("live");
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
    expect(page.differences(OPEN, hub.startedAt, hub.at)).toEqual([]);
  });

  it("waits longer after each failure, between half a second and ten", async () => {
    await look();
    hub.refuse = 503;
    hub.cut();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await until(() => page.live.status.value.attempt === attempt && page.live.status.value.retryAt !== null);
      page.clock.luck = 0.9;
      waits.push((page.live.status.value.retryAt ?? 0) - page.clock.now());
      page.clock.advance(waits[attempt - 1] as number);
    }
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waits)).toBe(10_000);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });

  it.each(["network", "tab", "person"])("tries at once when the %s comes back", async (who) => {
    await look();
    hub.cut();
    await page.becomes("offline");
    if (who === "network") page.attention.comeOnline();
    else if (who === "tab") {
      page.attention.hide(true);
      page.attention.hide(false);
    } else page.live.retryNow();
    await page.subscribed(2);
    expect(page.live.status.value.state).toBe("live");
  });

  it("gives a socket up that left two pings without any answer", async () => {
    await look();
    hub.answersPings = false;
    const pings = () => hub.said.filter(({ type }) => type === "ping").length;
    const asked = pings();
    // One after another, as time goes: what waits to be read was not left without an answer.
    for (let i = 0; i < 4; i++) {
      expect(page.live.status.value.attempt).toBe(0);
      page.clock.advance(5000);
      await until(() => pings() >= Math.min(asked + 2, asked + i));
    }
    await page.becomes("offline");
    expect(page.live.status.value.attempt).toBe(1);
    page.clock.advance(1000);
    await until(() => hub.subscriptions.length === 2);
  });

  it("looks the session up before it tries again a socket that never opened", async () => {
    await look();
    hub.refuse = 500;
    hub.cut();
    await until(() => page.live.status.value.attempt === 1);
    hub.requests.length = 0;
    page.live.retryNow();
    await until(() => page.live.status.value.attempt === 2);
    expect(hub.requests).toEqual([]);
    page.live.retryNow();
    await until(() => page.live.status.value.attempt === 3);
    expect(hub.requests).toEqual(["GET /mount/api/session"]);
  });
});

describe("a hidden tab", () => {
  it("asks for ten seconds after 30 s, and on return for one, the gap, and one paint", async () => {
    await look();
    page.attention.hide(true);
    for (let i = 0; i < 29; i++) await page.second();
    page.clock.advance(999);
    expect(hub.said.some(({ type }) => type === "rate")).toBe(false);
    page.clock.advance(1);
    await until(() => hub.said.some((message) => message.type === "rate" && message.everyMs === 10_000));
    hub.tick();
    await page.heard();
    const complete = hub.at;
    await page.unheard(19);
    hub.tick();
    page.clock.advance(1000);
    await page.heard();
    expect(page.live.status.value.state).not.toBe("offline");

    const before = page.live.tick.value;
    page.attention.hide(false);
    page.clock.paint();
    expect(page.live.tick.value).toBe(before);
    await until(() => hub.subscriptions.length === 2);
    await page.heard();
    page.clock.paint();
    page.clock.paint();
    expect(page.live.tick.value).toBe(before + 1);
    expect(hub.subscriptions[1]?.since).toBe(complete);
    expect(hub.said.filter(({ type }) => type === "rate")).toEqual([
      { type: "rate", everyMs: 10_000 },
      { type: "rate", everyMs: 1000 },
    ]);
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("that reconnects still asks for ten seconds only", async () => {
    await look();
    page.attention.hide(true);
    for (let i = 0; i < 30; i++) await page.second();
    await until(() => hub.said.some(({ type }) => type === "rate"));
    hub.said.length = 0;
    hub.cut();
    await page.becomes("offline");
    page.clock.advance(1000);
    await page.subscribed(2);
    expect(hub.said[0]).toEqual({ type: "rate", everyMs: 10_000 });
  });

  it("paints what it has when the backfill does not come in time", async () => {
    await look();
    page.attention.hide(true);
    page.clock.advance(30_000);
    page.attention.hide(false);
    const before = page.live.tick.value;
    page.clock.advance(2000);
    page.clock.paint();
    expect(page.live.tick.value).toBe(before + 1);
  });

  it("that is hidden for a moment changes nothing", async () => {
    await look();
    page.attention.hide(true);
    page.clock.advance(20_000);
    page.attention.hide(false);
    page.clock.advance(40_000);
    await until(() => hub.said.length > 0);
    expect(hub.said.some(({ type }) => type === "rate")).toBe(false);
  });
});

describe("what goes wrong on the wire", () => {
  it("subscribes again when a difference comes whose base did not, and then holds every second", async () => {
    await look();
    await page.second();
    page.clock.advance(1000);
    hub.tick({ base: "lost" });
    await page.subscribed(2);
    expect(hub.subscriptions[1]?.since).toBe(hub.at - 1000);
    await page.second();
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("fetches the seconds that were skipped because the page was slow", async () => {
    await look();
    await page.second();
    const complete = hub.at;
    await page.unheard(3);
    await page.second();
    expect(page.differences(RATE, complete, hub.at)).toHaveLength(3);
    for (let i = 0; i < 5; i++) await page.second();
    await page.subscribed(2);
    expect(hub.subscriptions).toHaveLength(2);
    expect(hub.subscriptions[1]?.since).toBe(complete);
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("survives garbage, says what was wrong with it, and goes on", async () => {
    await look();
    await page.second();
    const garbage: (string | Uint8Array)[] = [
      "",
      "{",
      "null",
      '{"type":"tick"}',
      '{"type":"dictionary","id":1,"channel":-1,"series":[]}',
      '{"type":"table","id":1,"at":1,"table":"nodes","rows":[7]}',
      '{"type":"table","id":1,"at":1,"table":"errors","rows":{}}',
      '{"type":"welcome","version":99}',
      new Uint8Array(0),
      new Uint8Array([0x54]),
      new Uint8Array([0x54, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      new Uint8Array(64).fill(0xff),
    ];
    for (const message of garbage) hub.send(message);
    await until(() => page.live.fault.value !== null);
    await page.heard();
    expect(page.live.table("nodes").value).toBeNull();
    for (let i = 0; i < 3; i++) await page.second();
    expect(page.live.status.value).toMatchObject({ state: "live", attempt: 0 });
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("does not believe figures from the future", async () => {
    await look();
    const channel = hub.subscriptions.length;
    hub.send(encodeTick({ channel, seq: 1, at: hub.at + 10_000_000_000, values: new Float64Array([1, 1]) }, null));
    await page.heard();
    page.clock.paint();
    expect(page.live.status.value.lastAt).toBe(hub.at);
    expect(page.differences(RATE, hub.startedAt, hub.at)).toEqual([]);
  });

  it("starts over with a hub whose time has fallen back", async () => {
    await look();
    hub.cut();
    hub.at -= 600_000;
    hub.now = () => page.clock.now() - 600_000;
    await page.becomes("offline");
    page.live.retryNow();
    await page.subscribed(2);
    await page.second();
    expect(page.live.status.value).toMatchObject({ state: "live", lastAt: hub.at });
    expect(page.live.now.value).toBe(hub.at);
  });

  it("gives up a hub that only talks nonsense, with a pause", async () => {
    await look();
    for (let i = 0; i < 20; i++) hub.send("nonsense");
    await page.becomes("offline");
    expect(page.live.status.value.retryAt).not.toBeNull();
  });
});
