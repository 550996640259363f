import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { dashboardAt, goLive, goTo, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startApplication, startDemo } from "./program.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

const PAGES = ["Overview", "Settings"] as const;
const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

browserSuite("axe finds nothing to object to", () => {
  const browser = useBrowser();
  let demo: Program;
  let empty: Program;
  let proxy: TcpProxy;
  let view: View;

  beforeAll(async () => {
    [demo, empty] = await Promise.all([startDemo(), startApplication({ watched: false })]);
    proxy = await startProxy(demo.port);
    view = await openView(browser(), proxy.port, { session: await signIn(demo), reducedMotion: "reduce" });
    await goLive(view.page, proxy.port);
  });
  afterAll(async () => {
    await view?.close();
    await proxy?.close();
    await Promise.all([demo?.stop(), empty?.stop()]);
  });

  it("while live", () => checkEverywhere(view.page, "live"), 60_000);

  it("while paused", async () => {
    await view.page.keyboard.press("Space");
    await untilStatus(view.page, "Paused");
    await checkEverywhere(view.page, "paused");
    await view.page.keyboard.press("Space");
  }, 60_000);

  it("while offline", async () => {
    await goLive(view.page, proxy.port);
    proxy.cut();
    await untilStatus(view.page, "Reconnecting");
    await checkEverywhere(view.page, "offline");
    proxy.restore();
  }, 60_000);

  it("while there is nothing to watch", async () => {
    const { page, close } = await openView(browser(), empty.port, { session: await signIn(empty) });
    await goLive(page, empty.port);
    await checkEverywhere(page, "empty");
    await close();
  }, 60_000);

  it("while nobody is signed in", async () => {
    const { page, close } = await openView(browser(), demo.port);
    await page.goto(dashboardAt(demo.port));
    await page.getByRole("dialog", { name: "Sign in to wsight" }).waitFor();
    await checkEverywhere(page, "signed out");
    await close();
  }, 60_000);
});

async function checkEverywhere(page: Page, state: string): Promise<void> {
  const found: string[] = [];
  for (const id of PAGES) {
    await goTo(page, id);
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const breaches = await findBreaches(page);
        await keepPicture(page, `${state}-${id}-${theme}-${width}`);
        found.push(...breaches.map((breach) => `${id}, ${theme}, ${width} px: ${breach}`));
      }
    }
  }
  expect(found, state).toEqual([]);
}
