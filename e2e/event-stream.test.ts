import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, passSeconds, readChart, signIn } from "./dashboard.ts";
import { type HttpProxy, startHttpProxy } from "./http-proxy.ts";
import { type Program, startDemo } from "./program.ts";

/** What the browser itself says of a socket that was refused. */
const REFUSED = /^WebSocket connection to .+ failed/;

browserSuite("behind a proxy that does not let WebSockets through", () => {
  const browser = useBrowser();
  let demo: Program;
  let proxy: HttpProxy;
  let view: View;
  /** Sees the hub itself: what the other one must come to show. */
  let witness: View;

  beforeAll(async () => {
    demo = await startDemo();
    proxy = await startHttpProxy(demo.port);
    const session = await signIn(demo);
    view = await openView(browser(), proxy.port, { session });
    await view.page.addInitScript(() => {
      // The shortest pauses that chance could bring, and a minute between two tries that lasts two seconds.
      Math.random = () => 0;
      const wait = window.setTimeout;
      Object.assign(window, {
        setTimeout: (run: () => void, delayMs: number) => wait(run, delayMs === 60_000 ? 2000 : delayMs),
      });
    });
    witness = await openView(browser(), demo.port, { session });
    await Promise.all([goLive(view.page, proxy.port), goLive(witness.page, demo.port)]);
  });
  afterAll(async () => {
    await Promise.all([view?.close(), witness?.close()]);
    await proxy?.close();
    await demo?.stop();
  });

  it("the page is live by server-sent events, says so, and shows the same figures", async () => {
    const { page } = view;
    expect(await wayOf(page)).toMatch(/^Over server-sent events/);
    expect(await wayOf(witness.page)).toBe("Over a WebSocket");
    await passSeconds(page, 5);
    await keepPicture(page, "server-sent-events");
    await expectSameNewest(page, witness.page);
  });

  it("it complains of nothing but the sockets that were refused, and breaks no policy", () => {
    const { trouble } = view;
    expect(trouble.console.length).toBeGreaterThanOrEqual(3);
    expect(trouble.console.filter((text) => !REFUSED.test(text))).toEqual([]);
    expect({ policy: trouble.policy, foreign: trouble.foreign }).toEqual({ policy: [], foreign: [] });
  });

  it("it goes over to a WebSocket once they get through, and misses nothing", async () => {
    const { page } = view;
    proxy.upgrades = true;
    await until(async () => (await wayOf(page)) === "Over a WebSocket", { what: "the WebSocket", timeoutMs: 20_000 });
    await passSeconds(page, 3);
    await expectSameNewest(page, witness.page);
  });
});

/** How figures travel, as the status in the header tells. */
async function wayOf(page: Page): Promise<string | null> {
  return page.locator(".status-slot").getAttribute("title");
}

/** The newest seconds of a chart, without a hole, are the same in both. */
async function expectSameNewest(page: Page, other: Page): Promise<void> {
  const wanted = await readChart(other, "Message rate");
  const shown = new Map((await readChart(page, "Message rate", 2)).map(({ second, texts }) => [second, texts]));
  const compared = wanted.filter(({ second }) => shown.has(second));
  expect(compared.length).toBeGreaterThan(5);
  expect(compared.length).toBeGreaterThan(wanted.length - 5);
  expect(compared.map(({ second }) => shown.get(second))).toEqual(compared.map(({ texts }) => texts));
}
