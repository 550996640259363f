import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, openView, useBrowser, type View } from "./browser.ts";
import { dashboardAt, goLive, signIn } from "./dashboard.ts";
import { type Program, startDemo } from "./program.ts";

/** Fires as soon as it is there: a demo always has connections. */
const BUSY = {
  id: "busy",
  name: "Busy",
  metric: "websocket.server.active_connections",
  agg: "last",
  groupBy: ["node"],
  op: "gt",
  warn: 0,
  forSec: 0,
  everySec: 1,
};

browserSuite("an alert that goes on while somebody looks", () => {
  const browser = useBrowser();
  let demo: Program;
  let view: View;

  beforeAll(async () => {
    demo = await startDemo();
    view = await openView(browser(), demo.port, { session: await signIn(demo) });
    await goLive(view.page, demo.port, "#/alerts");
    await send(view.page, "rules", BUSY);
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });

  it("takes no words away from who writes a note, wherever it goes meanwhile", async () => {
    const { page } = view;
    const item = page.locator(".alert").filter({ has: page.getByRole("button", { name: "Busy", exact: true }) });
    await item.getByRole("button", { name: "Busy: more" }).click();
    await page.getByRole("menuitem", { name: "Write a note…" }).click();
    const dialog = page.getByRole("dialog", { name: "Note to Busy" });
    // A dialog is begun at its first field, so that it can be written into at once.
    await dialog.getByLabel("Note").and(page.locator(":focus")).waitFor();
    await page.keyboard.type("It is the sale");
    const [id] = await page.evaluate(async () => {
      const answer = (await (await fetch("/api/alerts/active")).json()) as {
        rows: { ruleId: string; episodeId: string }[];
      };
      return answer.rows.filter(({ ruleId }) => ruleId === "busy").map(({ episodeId }) => episodeId);
    });
    // Somebody else knows: it moves to those that nobody is told of.
    await send(page, `episodes/${id}/ack`, {});
    const quiet = page.getByRole("region", { name: "Firing, and nobody is told", includeHidden: true });
    await quiet.getByText(/^acknowledged by /).waitFor();
    expect(await dialog.getByLabel("Note").inputValue()).toBe("It is the sale");
    // And it is over.
    await send(page, `episodes/${id}/resolve`, {});
    await item.waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Add note" }).click();
    await dialog.getByText(/is over since/i).waitFor();
    expect(await dialog.getByLabel("Note").inputValue()).toBe("It is the sale");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("can be told by a channel whose form offers each choice once", async () => {
    const { page } = view;
    await page.getByRole("tab", { name: /^Channels/ }).click();
    await page.getByRole("button", { name: "Add channel" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "E-mail", exact: true }).click();
    const security = page.getByRole("dialog", { name: "New channel: E-mail" }).getByLabel("Security", { exact: true });
    expect(await security.locator("option").allTextContents()).toEqual(["starttls", "tls", "none"]);
    expect(await security.inputValue()).toBe("starttls");
    await page.keyboard.press("Escape");
  });

  it("is led to by an address that ends after now, which ends now", async () => {
    const { page } = view;
    const now = Date.now();
    await page.goto(dashboardAt(demo.port, `#/overview?from=${now - 300_000}&to=${now + 600_000}`));
    await page.waitForURL((url) => Number(/to=(\d+)/.exec(url.hash)?.[1]) <= Date.now());
    expect(page.url()).toContain(`from=${Math.round((now - 300_000) / 1000)}`);
    const kpi = page.getByRole("article", { name: "Connections" }).locator(".kpi-value");
    await kpi.filter({ hasText: /^[1-9]/ }).waitFor();
  });
});

/** Asks the hub in the name of who looks at the page. */
async function send(page: Page, path: string, body: object): Promise<void> {
  const status = await page.evaluate(
    async ([url, text]) =>
      (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: text })).status,
    [`/api/alerts/${path}`, JSON.stringify(body)] as const,
  );
  if (status >= 300) throw new Error(`POST ${path}: ${status}`);
}
