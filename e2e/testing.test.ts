import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, signIn } from "./dashboard.ts";
import { type Program, startDemo } from "./program.ts";

const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

browserSuite("the page Testing", () => {
  const browser = useBrowser();
  let demo: Program;
  let session: string;
  let view: View;

  beforeAll(async () => {
    demo = await startDemo();
    session = await signIn(demo);
    view = await openView(browser(), demo.port, { session });
    await goLive(view.page, demo.port, "#/testing");
    await view.page.getByRole("option", { name: /Socket\.IO · demo/ }).waitFor({ state: "attached" });
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });

  it("says what to type in a terminal, as the form stands", async () => {
    const { page } = view;
    const command = page.locator(".command code");
    await page.getByRole("radio", { name: /^heavy/ }).check();
    expect(await command.textContent()).toMatch(/^npx wsight load heavy --url http:\S+ --socketio$/);
    await page.getByText(/This is heavy load: 500 connections/).waitFor();
    await page.getByRole("radio", { name: /^light/ }).check();
    await page.getByLabel("Duration, s").fill("3");
    expect(await command.textContent()).toContain("load light --duration 3 --url");
  });

  it("looks at a server step by step", async () => {
    const { page } = view;
    await run(page, "Server");
    const outcome = await settled(page, "Server test: passed");
    expect(await outcome.locator(".checks > li").count()).toBeGreaterThan(6);
    expect(await outcome.textContent()).toMatch(/Upgrade to a WebSocket[\d.]+ [mµ]s/);
  }, 60_000);

  it("times echoes, and draws how they spread", async () => {
    const { page } = view;
    await page.getByRole("tab", { name: "Echo" }).click();
    await nameEvent(page);
    await page.getByLabel("Messages").fill("20");
    await run(page, "Echo");
    const outcome = await settled(page, "Echo test: passed");
    expect(await outcome.locator(".histogram > i").count()).toBeGreaterThan(3);
    expect(await outcome.locator(".histogram > u").allTextContents()).toEqual(["p50", "p95"]);
    expect(await outcome.textContent()).toContain("20 (ack), 0");
  }, 60_000);

  it("opens a pool and shows where its connections went", async () => {
    const { page } = view;
    await run(page, "Pool");
    const outcome = await settled(page, /^Pool test: (passed|failed)$/);
    expect(await outcome.textContent()).toContain("40 of 40");
  }, 60_000);

  it("puts load on a server, live and judged, and compares two runs", async () => {
    const { page } = view;
    await runLoad(page, "3", "50");
    await page.getByRole("progressbar", { name: "Done" }).waitFor();
    const outcome = await settled(page, /^Load light: (passed|failed)$/);
    await outcome.getByRole("table").getByText("Latency p95").waitFor();
    const plot = outcome.getByRole("application", { name: /^Latency by percentile/ });
    await plot.focus();
    await page.keyboard.press("End");
    await said(page, /^p\d.*Latency .*Service time/);
    expect(await outcome.getByRole("list", { name: "Reports to download" }).getByRole("link").count()).toBe(4);
    const href = await outcome.getByRole("link", { name: "HTML" }).getAttribute("href");
    expect((await page.request.get(href ?? "")).status()).toBe(200);
    await runLoad(page, "3", "80");
    await settled(page, /^Load light: (passed|failed)$/, 1);
    const picks = page.getByRole("checkbox", { name: /^Compare Load light/ });
    await until(async () => (await picks.count()) === 2, { what: "two runs to compare" });
    await picks.nth(0).check();
    await picks.nth(1).check();
    const compared = page.getByRole("region", { name: "Two runs side by side" });
    expect(await compared.getByRole("row", { name: /^Connections wanted/ }).textContent()).toContain("5080+60 %");
    await until(
      async () => /marked: \d+ tests?/.test((await page.locator(".rail-strip").getAttribute("aria-label")) ?? ""),
      {
        what: "marks on the rail",
      },
    );
  }, 90_000);

  it("has nothing that axe objects to, in every width and theme, and nothing wider than the window", async () => {
    const { page } = view;
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 1000 });
        expect(await findBreaches(page), `${theme}, ${width} px`).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        await keepPicture(page, `testing-${theme}-${width}`);
      }
    }
  }, 60_000);

  it("ends a test that is cancelled, and that others see while it runs", async () => {
    const { page } = view;
    await runLoad(page, "60", "50");
    const cancel = page.getByRole("button", { name: "Cancel test" });
    await cancel.waitFor();
    const other = await openView(browser(), demo.port, { session });
    await goLive(other.page, demo.port, "#/testing");
    await other.page.getByRole("heading", { name: "Load light: running" }).waitFor();
    await other.close();
    await cancel.click();
    await settled(page, "Load light: cancelled");
    expect(view.trouble).toEqual({ console: [], policy: [], foreign: [] });
  }, 60_000);
});

/** The card of the test that is shown, once it says how it ended. */
async function settled(page: Page, title: string | RegExp, before = 0): Promise<Locator> {
  const heading = page.getByRole("heading", {
    level: 2,
    name: title,
    ...(typeof title === "string" ? { exact: true } : {}),
  });
  if (before > 0) await page.getByRole("heading", { level: 2, name: /running$/ }).waitFor();
  await heading.waitFor({ timeout: 40_000 });
  return page.locator("section.card").filter({ has: heading });
}

async function run(page: Page, kind: string): Promise<void> {
  await page.getByRole("tab", { name: kind }).click();
  const button = page.getByRole("button", { name: `Run ${kind.toLowerCase()} test` });
  await until(() => button.isEnabled(), { what: "no other test to run" });
  await button.click();
}

async function runLoad(page: Page, seconds: string, connections: string): Promise<void> {
  await page.getByRole("tab", { name: "Load" }).click();
  await page.getByRole("spinbutton", { name: "Duration, s" }).fill(seconds);
  await page.getByRole("spinbutton", { name: "Connections" }).fill(connections);
  await run(page, "Load");
}

/** An event of the demo that is acknowledged, and what lets one into its chat. */
async function nameEvent(page: Page): Promise<void> {
  await page.getByLabel("Event that is acknowledged").fill("chat:message");
  await page.getByText("Namespace, credentials, the message").click();
  await page.getByLabel("Namespace").fill("/chat");
  await page.getByLabel("Auth payload, JSON").fill('{"user":"load","token":"open-sesame"}');
  await page.getByLabel(/^Arguments as JSON/).fill('"load","hello {{n}}"');
}

async function said(page: Page, pattern: RegExp): Promise<void> {
  const region = page.locator("p[role=status][aria-live=polite]");
  await until(async () => pattern.test((await region.textContent()) ?? ""), { what: `to hear ${pattern}` });
}
