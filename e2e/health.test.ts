import type { Health } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, passSeconds, signIn } from "./dashboard.ts";
import { type Program, startApplication } from "./program.ts";

browserSuite("the health of what is watched", () => {
  const browser = useBrowser();
  let app: Program;
  let session: string;
  let view: View;

  beforeAll(async () => {
    app = await startApplication();
    session = await signIn(app);
    view = await openView(browser(), app.port, { session });
    await goLive(view.page, app.port);
  });
  afterAll(async () => {
    await view?.close();
    await app?.stop();
  });

  it("is what the hub says: how many checks are in range, and each of them on demand", async () => {
    const { page } = view;
    const card = page.getByRole("region", { name: "State" });
    // A machine with other things to do may be slow: whatever it is, it is what the hub says.
    await until(
      async () => (await card.getByRole("heading").textContent()) === WORDS[(await readHealth(app, session)).state],
      {
        what: "the hub's state on the card",
        timeoutMs: 20_000,
      },
    );
    await card.getByText(/checks? (is |are )?in range/).waitFor();
    await card.getByRole("button", { name: /^All \d+ checks/ }).click();
    const dialog = page.getByRole("dialog", { name: "Checks" });
    const { checks } = await readHealth(app, session);
    for (const { name } of checks) await dialog.getByRole("listitem").filter({ hasText: name }).first().waitFor();
    await keepPicture(page, "checks");
    expect(await findBreaches(page)).toEqual([]);
    await dialog.getByRole("link", { name: "Rule of Event loop" }).click();
    await page.getByRole("heading", { name: "Event-loop lag, p99" }).waitFor();
    await page.goBack();
  });

  it("gets worse at once, with the reason, the node and since when, and stands in the strip at once", async () => {
    const { page } = view;
    const unblocked = app.says(/unblocked/);
    app.tell("block 2500");
    await unblocked;
    const card = page.getByRole("region", { name: "State" });
    await card.getByRole("heading", { name: /^(Degraded|Unhealthy)$/ }).waitFor();
    await card.getByText(/Event loop on web-1 [\d.]+ m?s, limit/).waitFor();
    expect(await card.textContent()).toMatch(/since \d\d:\d\d:\d\d · \d+ s/);
    const { state, reasons } = await readHealth(app, session);
    expect(["degraded", "unhealthy"]).toContain(state);
    expect(reasons.join()).toMatch(/web-1/);
    const strip = card.getByRole("slider", { name: "Health of the last day" });
    await strip.focus();
    await page.keyboard.press("End");
    expect(await strip.getAttribute("aria-valuetext")).toMatch(/(degraded|unhealthy) for .*web-1/);
    await keepPicture(page, "unhealthy");
    expect(await findBreaches(page)).toEqual([]);
  });

  it("leads from a bar of the strip to that time, by keys as by a click, and tells how it was then", async () => {
    const { page } = view;
    const strip = page.getByRole("slider", { name: "Health of the last day" });
    await strip.focus();
    await page.keyboard.press("Home");
    expect(await strip.getAttribute("aria-valuetext")).toMatch(/not known/);
    await page.keyboard.press("PageDown");
    expect(await strip.getAttribute("aria-valuetext")).toMatch(/degraded|unhealthy/);
    await page.keyboard.press("Enter");
    await page.locator(".status-slot").getByText("History").waitFor();
    const card = page.getByRole("region", { name: "State" });
    await card.getByRole("heading", { name: /^(Degraded|Unhealthy) then$/ }).waitFor();
    await card.getByText(/Now: /).waitFor();
    await keepPicture(page, "health-then");
    expect(await findBreaches(page)).toEqual([]);
    await page.keyboard.press("l");
    await page.locator(".status-slot").getByText("Live").waitFor();
  });

  it("is not known, and nothing else, while the hub is away", async () => {
    const { page } = view;
    await page.context().setOffline(true);
    app.tell("kill hub");
    await page.getByRole("region", { name: "State" }).getByText("The connection to the hub is down").waitFor();
    expect(await page.locator(".state").getAttribute("data-tone")).toBe("quiet");
    await page.context().setOffline(false);
    await page.locator(".status-slot").getByText("Live").waitFor();
    await passSeconds(page, 1);
  });
});

const WORDS = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy", unknown: "State unknown" } as const;

async function readHealth(app: Program, session: string): Promise<Health> {
  const response = await fetch(`http://127.0.0.1:${app.port}/api/health`, { headers: { cookie: session } });
  return (await response.json()) as Health;
}
