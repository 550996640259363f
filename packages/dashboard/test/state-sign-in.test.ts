import { once } from "node:events";
import type { Selector } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "./hand-clock.ts";
import { Page, SmallHub } from "./small-hub.ts";

const RATE: Selector = { metric: "websocket.server.messages", agg: "rate" };

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(1_800_000_000_000);
  await hub.listen();
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

/** Opens the page with this hash, not signed in unless said. */
function open(hash: string, signedIn = false): void {
  page = new Page(hub, { hash, signedIn });
  hub.now = () => page.clock.now();
  page.live.use({ series: [RATE], tables: [] });
}

describe("who may only look at own jobs", () => {
  it("has no live session, which the hub would refuse, and is not tried again and again", async () => {
    hub.tokens.set("user-token", { sub: "eve", role: "user" });
    open("");
    await page.becomes("signed-out");
    await page.live.signIn({ token: "user-token" });
    await until(() => page.live.principal.value !== null);
    expect(page.live.principal.value).toEqual({ sub: "eve", role: "user" });
    page.attention.comeOnline();
    // Whatever the page dialed was dialed before this one, which is refused.
    const other = new WebSocket(new URL("../ws/live", hub.base));
    other.on("error", () => undefined);
    await once(other, "unexpected-response");
    other.terminate();
    expect(hub.upgrades).toBe(1);
    page.clock.advance(60_000);
    expect(page.live.status.value.retryAt).toBeNull();
    await page.live.signOut();
    await page.becomes("signed-out");
    expect(page.live.principal.value).toBeNull();
  });
});

describe("a one-time link", () => {
  it("signs in once and leaves no code in the address", async () => {
    open("#code=good-code");
    await page.subscribed(1);
    expect(page.hash).toBe("");
    expect(hub.requests).toEqual(["POST /mount/api/session"]);
    expect(page.live.principal.value).toEqual({ sub: "local", role: "admin" });
    expect(page.live.status.value.state).toBe("live");
  });

  it("that was used before ends in the sign-in sheet, and says why", async () => {
    open("#code=old-code");
    await page.becomes("signed-out");
    expect(page.hash).toBe("");
    expect(page.live.fault.value?.code).toBe("UNAUTHENTICATED");
    expect(page.live.principal.value).toBeNull();
    expect(hub.upgrades).toBe(0);
  });

  it("that was used before does no harm to a browser that is signed in", async () => {
    open("#code=old-code", true);
    await page.subscribed(1);
    expect(page.live.principal.value).toEqual({ sub: "ada", role: "admin" });
  });

  it("leaves the address alone when its person has gone to another page meanwhile", async () => {
    open("#code=good-code");
    page.hash = "#/settings";
    await page.subscribed(1);
    expect(page.hash).toBe("#/settings");
  });

  it("is kept while the hub cannot answer", async () => {
    hub.broken = 500;
    open("#code=good-code");
    await until(() => page.live.status.value.attempt === 1);
    expect(page.hash).toBe("#code=good-code");
    hub.broken = null;
    page.live.retryNow();
    await page.subscribed(1);
    expect(page.hash).toBe("");
  });
});

describe("without a link", () => {
  it("goes on with the session the browser has", async () => {
    open("#/overview?w=15m", true);
    await page.subscribed(1);
    expect(hub.requests).toEqual(["GET /mount/api/session"]);
    expect(page.hash).toBe("#/overview?w=15m");
  });

  it("finds the hub also when the page was opened without its last slash", async () => {
    page = new Page(hub, { base: new URL("../dashboard#/overview", hub.base) });
    page.live.use({ series: [RATE], tables: [] });
    await page.subscribed(1);
    expect(hub.requests).toEqual(["GET /mount/api/session"]);
  });

  it("is signed out when there is none, asks no more, and signs in with a token", async () => {
    open("");
    await page.becomes("signed-out");
    page.clock.advance(60_000);
    hub.at += 60_000;
    expect(hub.requests).toEqual(["GET /mount/api/session"]);
    await expect(page.live.signIn({ token: "wrong" })).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: "No: UNAUTHENTICATED",
    });
    expect(page.live.status.value.state).toBe("signed-out");
    await page.live.signIn({ token: "good-token" });
    await page.subscribed(1);
    expect(page.live.principal.value).toEqual({ sub: "ada", role: "admin" });
    expect(page.live.status.value.state).toBe("live");
  });

  it("is signed out, and says why, when the role does not reach", async () => {
    hub.broken = 403;
    open("", true);
    await page.becomes("signed-out");
    expect(page.live.fault.value?.code).toBe("FORBIDDEN");
  });

  it("notices on retry that another tab has signed in", async () => {
    open("");
    await page.becomes("signed-out");
    hub.sessions.set("kept", { sub: "ada", role: "viewer" });
    page.cookie = "wsight=kept";
    page.live.retryNow();
    await page.subscribed(1);
    expect(page.live.principal.value?.role).toBe("viewer");
  });

  it("says so when signing in reaches nobody", async () => {
    open("");
    await page.becomes("signed-out");
    hub.http.closeAllConnections();
    hub.broken = 500;
    await expect(page.live.signIn({ token: "good-token" })).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

describe("a session that ends", () => {
  it.each([4401, 1008])("with close code %i leaves what was seen on the page and asks to sign in", async (code) => {
    open("", true);
    await page.subscribed(1);
    const seen = page.live.series(RATE).latest();
    hub.sessions.clear();
    hub.end(code);
    await page.becomes("signed-out");
    page.clock.paint();
    expect(page.live.series(RATE).latest()).toBe(seen);
    expect(
      page.live
        .series(RATE)
        .read(hub.startedAt, hub.at)
        .value.some((value) => value > 0),
    ).toBe(true);
    await page.live.signIn({ token: "good-token" });
    await page.subscribed(2);
    expect(hub.subscriptions[1]?.since).toBe(hub.at);
  });

  it("is not hammered by a hub that closes as expired what it says is good", async () => {
    open("", true);
    await page.subscribed(1);
    hub.end(4401);
    await until(() => hub.viewers.size === 1);
    await until(() => hub.subscriptions.length === 2);
    hub.end(4401);
    await page.becomes("offline");
    await until(() => page.live.status.value.retryAt !== null);
  });

  it("while the hub was away shows at the next attempt", async () => {
    open("", true);
    await page.subscribed(1);
    hub.cut();
    hub.sessions.clear();
    await page.becomes("offline");
    page.live.retryNow();
    await until(() => page.live.status.value.attempt === 2);
    page.live.retryNow();
    await page.becomes("signed-out");
  });

  it("because its person signs out forgets what was seen", async () => {
    open("", true);
    await page.subscribed(1);
    hub.sendTable("closes", [{ key: "1000", count: 1 }]);
    await page.second();
    await page.live.signOut();
    page.clock.paint();
    expect(page.live.status.value.state).toBe("signed-out");
    expect(page.live.series(RATE).latest()).toBeNull();
    expect(page.live.table("closes").value).toBeNull();
    expect(hub.sessions.size).toBe(0);
  });

  it("stays when the hub could not be told to end it", async () => {
    open("", true);
    await page.subscribed(1);
    hub.broken = 500;
    await expect(page.live.signOut()).rejects.toMatchObject({ code: "INTERNAL" });
    expect(page.live.status.value.state).toBe("live");
  });
});
