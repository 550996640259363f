import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, readChart, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startApplication } from "./program.ts";

browserSuite("an application in trouble", () => {
  const browser = useBrowser();
  let app: Program;
  let session: string;
  let view: View;

  beforeAll(async () => {
    app = await startApplication();
    session = await signIn(app);
  });
  afterAll(() => app?.stop());
  beforeEach(async () => {
    view = await openView(browser(), app.port, { session });
    await goLive(view.page, app.port);
  });
  afterEach(() => view.close());

  it("whose event loop is blocked: the page answers, says which node is silent, and shows the stall afterwards", async () => {
    const { page } = view;
    const unblocked = app.says(/unblocked/);
    app.tell("block 5000");
    await page
      .locator(".state")
      .getByText(/web-1 silent for \d+ s/)
      .waitFor();
    // The hub has a thread of its own: the page is live, it is the node that is not.
    await untilStatus(page, "Live");
    expect(await page.getByText(/last sample \d+ s ago/).count()).toBeGreaterThan(3);
    expect(await page.locator(".kpi:not(.component) .kpi-value").allTextContents()).toEqual(["–", "–", "–", "–", "–"]);
    await keepPicture(page, "blocked");
    const other = await openView(browser(), app.port, { session });
    await goLive(other.page, app.port);
    await other.close();
    await unblocked;
    await page
      .locator(".state")
      .getByText(/Event loop on web-1 [45](\.\d+)? s, limit 1 s/)
      .waitFor();
    await keepPicture(page, "stalled");
    expect(await page.locator(".state h2").textContent()).toBe("Unhealthy");
  });

  it("that was stopped altogether leaves a gap, not zeros and not a bridge", async () => {
    const { page } = view;
    app.child.kill("SIGSTOP");
    try {
      await untilStatus(page, /^Live, [5-9] s behind$/);
    } finally {
      app.child.kill("SIGCONT");
    }
    await untilStatus(page, "Live");
    await keepPicture(page, "gap");
    const rows = await readChart(page, "Message rate");
    // What is late for a second or two elsewhere is another gap.
    const known = rows.map(({ texts }) => (texts.every((text) => text === "–") ? "-" : "x")).join("");
    expect(Math.max(...known.split("x").map((gap) => gap.length))).toBeGreaterThanOrEqual(3);
  });

  it("whose hub was killed: the page comes back by itself, still signed in, and says that the hub was restarted", async () => {
    const { page } = view;
    app.tell("kill hub");
    await untilStatus(page, "Reconnecting");
    await untilStatus(page, "Live");
    await page.locator(".state").getByText("The hub was restarted once").waitFor();
    await keepPicture(page, "restarted");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});
