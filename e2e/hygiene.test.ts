import { gzipSync } from "node:zlib";
import type { CDPSession, Page, Response } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser } from "./browser.ts";
import { goLive, goTo, passSeconds, pressKey, readChart, signIn, untilPage, untilStatus } from "./dashboard.ts";
import { type Program, startDemo } from "./program.ts";

const KB = 1024;
const NAVIGATIONS = 60;

browserSuite("a dashboard that can stay open", () => {
  const browser = useBrowser();
  let demo: Program;
  let session: string;

  beforeAll(async () => {
    demo = await startDemo();
    session = await signIn(demo);
  });
  afterAll(() => demo?.stop());

  it("asks nobody but the hub, breaks no policy and complains of nothing on a full tour", async () => {
    const { page, trouble, close } = await openView(browser(), demo.port, { session, acceptDownloads: true });
    await goLive(page, demo.port);
    await tour(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("navigation", { name: "Pages" }).getByRole("button", { name: "More" }).click();
    await page.getByRole("dialog", { name: "Search or jump to" }).waitFor();
    await page.getByRole("option", { name: /^Settings/ }).click();
    await untilPage(page, "Settings");
    await page
      .getByRole("region", { name: "Storage" })
      .getByText(/stored|off/)
      .first()
      .waitFor();
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
    await close();
  });

  it("goes from page to page, back and forward without loading anew", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    await goLive(page, demo.port);
    // What is below the first charts comes after them, once.
    await page.locator(".component").first().waitFor();
    await page.locator(".queues-card").waitFor();
    const requested: string[] = [];
    page.on("request", (request) => {
      // The browser asks for the icon again whenever the address changes, and for a font when a text first needs it.
      if (!["other", "font"].includes(request.resourceType())) requested.push(request.url());
    });
    const sidebar = page.getByRole("complementary", { name: "Product" });
    await sidebar.getByRole("link", { name: "Settings" }).click();
    await untilPage(page, "Settings");
    await sidebar.getByRole("link", { name: "Overview" }).click();
    await untilPage(page, "Overview");
    await page.goBack();
    await untilPage(page, "Settings");
    await page.goForward();
    await untilPage(page, "Overview");
    await untilStatus(page, "Live");
    // Badges, and what watches for alerts, come once the first view had the line to itself, wherever people are by then.
    const paths = requested.map((url) => new URL(url).pathname);
    // The rail, the strip of health and what follows alerts ask when they are first there, and each minute.
    const asked = paths.filter(
      (path) =>
        !/\/api\/(alerts|doctor|health|history|tests)|\/assets\/(badge|use-report|alert|figure-offer|hub-ask|names)/.test(
          path,
        ),
    );
    // The settings come when they are first looked at, with what tells of history.
    expect(asked).toContainEqual(expect.stringMatching(/^\/dashboard\/assets\/settings/));
    expect(asked.filter((path) => !/^\/dashboard\/assets\/(settings|history)/.test(path))).toEqual([]);
    await close();
  });

  it("loads at most 65 KB of script and 12 KB of style to be live", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    const loaded: Response[] = [];
    page.on("response", (response) => loaded.push(response));
    await goLive(page, demo.port);
    // All that the first view needs is in one file of each; what is further down, and the badges, come after it.
    const first = loaded.filter((response) => /\/assets\/index-/.test(response.url()));
    const script = await gzippedBytes(first, "script");
    const style = await gzippedBytes(first, "stylesheet");
    console.log(`e2e: initial script ${(script / KB).toFixed(1)} KB, style ${(style / KB).toFixed(1)} KB, gzipped`);
    expect(script).toBeGreaterThan(10 * KB);
    expect(script).toBeLessThanOrEqual(65 * KB);
    expect(style).toBeGreaterThan(1 * KB);
    expect(style).toBeLessThanOrEqual(12 * KB);
    await close();
  });

  it.each([
    ["320 px", { width: 320, height: 640 }, 1],
    ["200 % of 1280 px", { width: 640, height: 512 }, 2],
    ["400 % of 1280 px", { width: 320, height: 256 }, 4],
  ])(
    "reflows at %s: nothing is wider than the window, and content has most of its height",
    async (name, viewport, deviceScaleFactor) => {
      const { page, close } = await openView(browser(), demo.port, { session, viewport, deviceScaleFactor });
      await goLive(page, demo.port);
      for (const title of ["Settings", "Overview"] as const) {
        await goTo(page, title);
        await keepPicture(page, `reflow-${name.replaceAll(/\W+/g, "-")}-${title}`);
        expect(await page.evaluate(findTooWide)).toEqual([]);
      }
      expect(await page.evaluate(shareOfContent)).toBeGreaterThan(0.5);
      await pressKey(page, "?");
      await page.getByRole("dialog").waitFor();
      expect(await page.evaluate(findTooWide)).toEqual([]);
      await page.keyboard.press("Escape");
      await close();
    },
  );

  it("moves nothing for people who asked for less motion", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    await goLive(page, demo.port);
    const running = () =>
      page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length);
    expect(await running()).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await passSeconds(page, 1);
    expect(await running()).toBe(0);
    await close();
  });

  it.each(["light", "dark"] as const)("draws its charts in forced colours on %s", async (colorScheme) => {
    const { page, close } = await openView(browser(), demo.port, { session, colorScheme });
    await goLive(page, demo.port);
    await page.emulateMedia({ forcedColors: "active", colorScheme });
    await passSeconds(page, 2);
    await keepPicture(page, `forced-${colorScheme}`);
    for (const canvas of [".spark", ".plot canvas", ".heat canvas", ".rail-strip canvas"]) {
      expect(await page.locator(canvas).first().evaluate(inkOf, colorScheme), canvas).toBeGreaterThan(50);
    }
    await close();
  });

  it("holds on to nothing after 60 walks between its pages", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    await goLive(page, demo.port);
    // What comes while people walk is not what is counted here.
    await pressKey(page, "Space");
    await untilStatus(page, "Paused");
    const session1 = await page.context().newCDPSession(page);
    // By then all code ran often enough to be compiled, and the rail knows its day.
    for (let times = 0; times < 20; times++) await walkThere(page);
    const before = await weigh(session1);
    for (let times = 0; times < NAVIGATIONS / 2; times++) await walkThere(page);
    const after = await weigh(session1);
    console.log(`e2e: before ${JSON.stringify(before)}, after ${NAVIGATIONS} navigations ${JSON.stringify(after)}`);
    expect(after.nodes).toBeLessThanOrEqual(before.nodes * 1.02);
    expect(after.listeners).toBeLessThanOrEqual(before.listeners * 1.02);
    expect(after.heapBytes - before.heapBytes).toBeLessThanOrEqual(1_000_000);
    await close();
  }, 60_000);
});

/** Everything there is to press on a wide screen, once. */
async function tour(page: Page): Promise<void> {
  const sidebar = page.getByRole("complementary", { name: "Product" });
  await sidebar.getByRole("link", { name: "Settings" }).click();
  await untilPage(page, "Settings");
  await page.getByRole("radio", { name: "Compact" }).check();
  await page.getByRole("radio", { name: "UTC" }).check();
  await page.getByRole("switch", { name: "Reduce drawing" }).check();
  await sidebar.getByRole("link", { name: "Overview" }).click();
  await untilPage(page, "Overview");
  await readChart(page, "Message rate");
  await readChart(page, "Latency distribution");
  await page.getByRole("button", { name: "Message rate: more" }).click();
  const downloaded = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Download CSV" }).click();
  expect((await downloaded).suggestedFilename()).toBe("wsight-message-rate.csv");
  await page.getByRole("radio", { name: "15m" }).check();
  await page.getByRole("combobox", { name: "Node" }).selectOption("demo/web-1");
  await untilStatus(page, "Live");
  await sidebar.getByRole("button", { name: "Choose a node" }).click();
  await page.getByRole("menuitem", { name: "All nodes" }).click();
  await page.getByRole("application", { name: /^Message rate/ }).hover();
  await page.locator(".tooltip").waitFor();
  await page.getByRole("application", { name: /^Message rate/ }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Pause/ }).click();
  await page.getByRole("button", { name: /^Resume/ }).click();
  for (let times = 0; times < 3; times++) await page.getByRole("button", { name: /^Theme: / }).click();
  await page.getByRole("button", { name: "Copy link to this view" }).click();
  await page.getByRole("menuitem", { name: "Link to this moment" }).click();
  await page.locator(".toast").first().waitFor();
  await pressKey(page, "?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await passSeconds(page, 2);
}

async function walkThere(page: Page): Promise<void> {
  await goTo(page, "Settings");
  await goTo(page, "Overview");
  // Charts are made when they are first drawn.
  await page.locator(".plot canvas >> nth=1").waitFor();
}

interface Weight {
  readonly nodes: number;
  readonly listeners: number;
  readonly heapBytes: number;
}

/** What the page holds once everything that may go has gone. */
async function weigh(session: CDPSession): Promise<Weight> {
  await session.send("Performance.enable");
  // Finalizers of one collection free what the next one takes away.
  for (let times = 0; times < 3; times++) await session.send("HeapProfiler.collectGarbage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  const { metrics } = await session.send("Performance.getMetrics");
  const heapBytes = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Number.NaN;
  return { nodes, listeners: jsEventListeners, heapBytes };
}

async function gzippedBytes(responses: readonly Response[], type: string): Promise<number> {
  const sizes = responses
    .filter((response) => response.request().resourceType() === type)
    .map(async (response) => gzipSync(await response.body(), { level: 9 }).length);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Runs in the page: which part of the window's height is left for the content, once it was scrolled. */
function shareOfContent(): number {
  scrollTo(0, 200);
  let covered = 0;
  for (let y = 0; y < innerHeight; y++) {
    if (document.elementFromPoint(innerWidth / 2, y)?.closest(".header, .rail, .tabs")) covered++;
  }
  return 1 - covered / innerHeight;
}

/** Runs in the page: what makes it scroll sideways. */
function findTooWide(): string[] {
  const wide =
    document.documentElement.scrollWidth > innerWidth ? [`page: ${document.documentElement.scrollWidth} px`] : [];
  for (const element of document.querySelectorAll("body *")) {
    const { right, width } = element.getBoundingClientRect();
    if (width === 0 || right <= innerWidth + 1 || !element.checkVisibility()) continue;
    if (element.closest(".sr-only, .skip, svg") !== null) continue;
    // What is cut off or scrolls inside a box of its own does not widen the page.
    let box = element.parentElement;
    while (box !== null && box !== document.body && getComputedStyle(box).overflowX === "visible")
      box = box.parentElement;
    if (box === null || box === document.body) wide.push(`${element.outerHTML.slice(0, 80)}: ${Math.round(right)} px`);
  }
  return wide;
}

/** Runs in the page: pixels of a canvas that stand out from a black or a white ground. */
function inkOf(canvas: Element, scheme: "light" | "dark"): number {
  if (!(canvas instanceof HTMLCanvasElement)) return 0;
  const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
  const ground = scheme === "dark" ? 0 : 255;
  let ink = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(i, i + 4);
    if (alpha > 128 && Math.max(...[red, green, blue].map((part) => Math.abs(part - ground))) > 100) ink++;
  }
  return ink;
}
