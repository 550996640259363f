import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, listen, passSeconds, pressKey, readChart, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startDemo } from "./program.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

/** More pages than a chart of the demo's first minutes has. */
const ALL_PAGES = 12;

browserSuite("a connection that is lost", () => {
  const browser = useBrowser();
  let demo: Program;
  let proxy: TcpProxy;
  /** Sees the hub through the proxy. */
  let view: View;
  /** Sees the hub itself, and never loses it: what the other one must come to show. */
  let witness: View;

  beforeAll(async () => {
    demo = await startDemo();
    proxy = await startProxy(demo.port);
    const session = await signIn(demo);
    view = await openView(browser(), proxy.port, { session });
    // The longest pauses between tries that chance could bring: 1.5 s, 4.5 s, 10 s.
    await view.page.addInitScript(() => {
      Math.random = () => 0.999;
    });
    witness = await openView(browser(), demo.port, { session });
    await Promise.all([goLive(view.page, proxy.port), goLive(witness.page, demo.port)]);
    // The lower part of the page is fetched a moment later, which is not to be cut off.
    await view.page.locator(".rows td").first().waitFor();
  });
  afterAll(async () => {
    await Promise.all([view?.close(), witness?.close()]);
    await proxy?.close();
    await demo?.stop();
  });

  it("is told by an alert, by every card, and by the tab's title and icon", async () => {
    const { page } = view;
    const seconds = await rowsShown(page);
    proxy.cut();
    await page.getByRole("alert").filter({ hasText: "No connection to the hub." }).waitFor();
    await untilStatus(page, "Reconnecting");
    await keepPicture(page, "cut");
    expect(await page.title()).toBe("(!) Overview · wsight");
    expect(await page.locator("link[rel=icon]").getAttribute("href")).toMatch(/offline/);
    expect(await bordersOfCards(page)).toEqual(["dashed"]);
    expect(await page.locator("main").textContent()).toMatch(/Last sample \d\d:\d\d:\d\d, \d+ s ago/);
    // What was seen stays.
    expect(await rowsShown(page)).toEqual(expect.arrayContaining([...seconds]));
  });

  it("is tried again at once when somebody says so", async () => {
    const { page } = view;
    await page.getByText(/Retrying in ([3-9]|10) s/).waitFor();
    const { tries } = proxy;
    const askedAt = performance.now();
    await page.getByRole("button", { name: "Retry now" }).click();
    await until(() => proxy.tries > tries, { what: "another try" });
    expect(performance.now() - askedAt).toBeLessThan(2500);
  });

  it("is live again when it is there again, with every second that was missed and none lost from before", async () => {
    const { page } = view;
    proxy.restore();
    await page.getByRole("button", { name: "Retry now" }).click();
    await untilStatus(page, "Live");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await page.title()).toBe("Overview · wsight");
    expect(await page.locator("link[rel=icon]").getAttribute("href")).not.toMatch(/offline/);
    await expectSameChart(page, witness.page);
  });

  it("but says nothing is first told as late, then as lost", async () => {
    const { page } = view;
    const heard = await listen(page);
    proxy.freeze();
    const frozenAt = performance.now();
    await untilStatus(page, /^Live, \d+ s behind$/);
    await keepPicture(page, "lagging");
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.getByRole("alert").filter({ hasText: "No connection to the hub." }).waitFor();
    // 10 s without a sample, a second until the next was due, and some for a busy machine.
    expect(performance.now() - frozenAt).toBeLessThan(14_000);
    proxy.restore();
    await untilStatus(page, "Live");
    // Each state once; the seconds between are for the eyes.
    expect([...new Set(await heard())]).toEqual(["Live, behind", "Reconnecting", "No connection to the hub.", "Live"]);
    await expectSameChart(page, witness.page);
  }, 60_000);
});

browserSuite("a pause", () => {
  const browser = useBrowser();
  let demo: Program;
  let view: View;
  let witness: View;

  beforeAll(async () => {
    demo = await startDemo();
    const session = await signIn(demo);
    view = await openView(browser(), demo.port, { session });
    witness = await openView(browser(), demo.port, { session });
    await Promise.all([goLive(view.page, demo.port), goLive(witness.page, demo.port)]);
    // The lower part of the page comes a moment later, with figures of its own: the queues are last.
    await view.page.getByRole("table", { name: "Queues" }).waitFor();
  });
  afterAll(async () => {
    await Promise.all([view?.close(), witness?.close()]);
    await demo?.stop();
  });

  it("holds every figure still while time goes on, also at another size", async () => {
    const { page } = view;
    await pressKey(page, "Space");
    await untilStatus(page, "Paused");
    const figures = await figuresOf(page);
    const rows = await readChart(page, "Message rate");
    await passSeconds(witness.page, 4);
    expect(await figuresOf(page)).toEqual(figures);
    expect((await readChart(page, "Message rate"))[0]).toEqual(rows[0]);
    await page.getByText(/Paused at \d\d:\d\d:\d\d\. ([4-9]|\d\d) s behind/).waitFor();

    await page.setViewportSize({ width: 1100, height: 900 });
    await until(() => page.evaluate(everyCanvasFits), { what: "canvases as large as their boxes" });
    await keepPicture(page, "paused-resized");
  });

  it("loses nothing", async () => {
    const { page } = view;
    await pressKey(page, "Space");
    await untilStatus(page, "Live");
    await expectSameChart(page, witness.page);
  });

  it("ends with L, and by its button", async () => {
    const { page } = view;
    await pressKey(page, "Space");
    await untilStatus(page, "Paused");
    await pressKey(page, "l");
    await untilStatus(page, "Live");
    await page.getByRole("button", { name: /^Pause/ }).click();
    await untilStatus(page, "Paused");
    await page.getByRole("button", { name: "Return to live" }).click();
    await untilStatus(page, "Live");
  });
});

/** Seconds of the day in the chart of rates, newest first. */
async function rowsShown(page: Page): Promise<readonly number[]> {
  return (await readChart(page, "Message rate", ALL_PAGES)).map(({ second }) => second);
}

/** Every second that both charts show is the same in both, and the newest 30 are there without a hole. */
async function expectSameChart(page: Page, other: Page): Promise<void> {
  // The other one first: what it has by then, this one has too.
  const wanted = await readChart(other, "Message rate", ALL_PAGES);
  const shown = new Map((await readChart(page, "Message rate", ALL_PAGES)).map(({ second, texts }) => [second, texts]));
  const compared = wanted.filter(({ second }) => shown.has(second));
  expect(compared.length).toBeGreaterThan(wanted.length - 5);
  expect(compared.map(({ second }) => [second, ...(shown.get(second) ?? [])])).toEqual(
    compared.map(({ second, texts }) => [second, ...texts]),
  );
}

function figuresOf(page: Page): Promise<string[]> {
  return page.locator(".kpi-value, .kpi-note, .rows td, .rail-clock strong").allTextContents();
}

function bordersOfCards(page: Page): Promise<string[]> {
  return page
    .locator("main .card")
    .evaluateAll((cards) => [...new Set(cards.map((card) => getComputedStyle(card).borderTopStyle))]);
}

/** Runs in the page: what is far below the window is drawn when somebody comes near it. */
function everyCanvasFits(): boolean {
  return [...document.querySelectorAll("canvas")]
    .filter((canvas) => canvas.getBoundingClientRect().top < innerHeight)
    .filter(({ clientWidth, parentElement }) => clientWidth > 0 && parentElement?.closest(".u-wrap") === null)
    .every(({ width, clientWidth }) => Math.abs(width - clientWidth * devicePixelRatio) <= 1);
}
