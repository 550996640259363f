import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, readChart, secondOfDay, secondsBetween, untilStatus } from "./dashboard.ts";
import { type Program, runWsight, startDemo } from "./program.ts";

browserSuite("the first minute", () => {
  const browser = useBrowser();
  let demo: Program;
  let token: string;
  let first: View;

  beforeAll(async () => {
    demo = await startDemo();
    token = await runWsight(["token", "--role", "viewer", "--sub", "ada", "--data", demo.data]);
    first = await openView(browser(), demo.port);
  });
  afterAll(async () => {
    await first?.close();
    await demo?.stop();
  });

  it("shows seconds from before the page was opened", async () => {
    await until(async () => (await readSummary(demo, token)).uptime_seconds >= 5, {
      what: "an application that has run for five seconds",
      timeoutMs: 20_000,
    });
    const openedAt = secondOfDay(new Date().toISOString().slice(11, 19));
    await first.page.goto(demo.link);
    await untilStatus(first.page, "Live");
    const rows = await readChart(first.page, "Message rate");
    const known = rows.filter(({ texts }) => texts.some((text) => text !== "–"));
    const oldest = known.at(-1)?.second ?? Number.NaN;
    expect(secondsBetween(oldest, openedAt)).toBeGreaterThanOrEqual(2);
    expect(secondsBetween(oldest, openedAt)).toBeLessThan(60);
  });

  it("keeps the code of the link out of the address and the history", async () => {
    const session = await first.page.context().newCDPSession(first.page);
    const { entries } = await session.send("Page.getNavigationHistory");
    expect(entries.map(({ url }) => url).join(" ")).not.toContain("code=");
    expect(first.page.url()).toBe(`http://127.0.0.1:${demo.port}/dashboard`);
  });

  it("holds the session in a cookie that scripts and other sites can't have", async () => {
    const cookies = await first.page.context().cookies();
    expect(cookies).toEqual([expect.objectContaining({ httpOnly: true, sameSite: "Strict", path: "/" })]);
    expect(await first.page.evaluate(() => document.cookie)).toBe("");
    expect(await first.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toMatch(
      /code|token|session/i,
    );
  });

  it("stays signed in over a reload", async () => {
    await first.page.reload();
    await untilStatus(first.page, "Live");
  });

  it("asks whoever comes with a used link for a token, says what is wrong with a bad one, and takes a good one", async () => {
    const { page, trouble, close } = await openView(browser(), demo.port);
    await page.goto(demo.link);
    const sheet = page.getByRole("dialog", { name: "Sign in to wsight" });
    await sheet.getByText("The one-time link is wrong, used, or older than 15 minutes").waitFor();
    expect(page.url()).not.toContain("code=");
    expect(await page.evaluate(() => document.querySelector("main")?.textContent)).not.toContain("Socket.IO");

    await sheet.getByLabel("Token").fill("not.a.token");
    await sheet.getByRole("button", { name: "Sign in" }).click();
    const problem = sheet.getByRole("alert");
    await problem.filter({ hasText: /token/i }).waitFor();
    expect(await sheet.getByLabel("Token").getAttribute("aria-invalid")).toBe("true");

    await sheet.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await sheet.waitFor({ state: "detached" });
    await untilStatus(page, "Live");
    expect(trouble.policy).toEqual([]);
    await close();
  });

  it("refuses the token of a probe, and says which role is needed", async () => {
    const { page, close } = await openView(browser(), demo.port);
    await page.goto(`http://127.0.0.1:${demo.port}/dashboard`);
    const sheet = page.getByRole("dialog", { name: "Sign in to wsight" });
    await sheet
      .getByLabel("Token")
      .fill(await runWsight(["token", "--role", "probe", "--sub", "shop", "--data", demo.data]));
    await sheet.getByRole("button", { name: "Sign in" }).click();
    await sheet.getByRole("alert").filter({ hasText: "viewer or admin" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await close();
  });

  it("lets a mere user in to its own jobs and to nothing else, wherever it came for", async () => {
    const { page, close } = await openView(browser(), demo.port);
    await page.goto(`http://127.0.0.1:${demo.port}/dashboard#/connections`);
    const sheet = page.getByRole("dialog", { name: "Sign in to wsight" });
    await sheet
      .getByLabel("Token")
      .fill(await runWsight(["token", "--role", "user", "--sub", "eve", "--data", demo.data]));
    await sheet.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Your jobs" }).waitFor();
    expect(await page.getByRole("navigation").count()).toBe(0);
    const asked = ["api/nodes", "api/connections", "api/queues", "api/workers"];
    const statuses = await page.evaluate(
      (paths) => Promise.all(paths.map(async (path) => (await fetch(path)).status)),
      asked,
    );
    expect(Object.fromEntries(asked.map((path, at) => [path, statuses[at]]))).toEqual(
      Object.fromEntries(asked.map((path) => [path, 403])),
    );
    await close();
  });

  it("asks again when a session ends, over a page that keeps what it showed", async () => {
    const { page, close } = await openView(browser(), demo.port);
    await page.goto(`http://127.0.0.1:${demo.port}/dashboard`);
    const sheet = page.getByRole("dialog", { name: "Sign in to wsight" });
    const short = await runWsight(["token", "--role", "viewer", "--sub", "ada", "--ttl", "5s", "--data", demo.data]);
    await sheet.getByLabel("Token").fill(short);
    await page.keyboard.press("Enter");
    await untilStatus(page, "Live");
    await sheet.waitFor();
    await untilStatus(page, "Signed out");
    await sheet.getByText("Your session has ended.").waitFor();
    await keepPicture(page, "session-over");
    expect(await page.locator(".kpi-value").allTextContents()).not.toContain("–");
    expect(await page.locator(".state").textContent()).toContain("Socket.IO");
    await sheet.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await untilStatus(page, "Live");
    expect(await sheet.count()).toBe(0);
    await close();
  });

  it("signs out, forgets what it showed, and stays signed out", async () => {
    const { page } = first;
    await goLive(page, demo.port);
    await signOut(page);
    const sheet = page.getByRole("dialog", { name: "Sign in to wsight" });
    await sheet.waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.evaluate(() => document.querySelector("main")?.textContent)).not.toContain("Socket.IO");
    await page.reload();
    await sheet.waitFor();
  });
});

async function signOut(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search pages, queues, nodes and actions" }).fill("sign out");
  await page.keyboard.press("Enter");
}

async function readSummary(demo: Program, token: string): Promise<{ readonly uptime_seconds: number }> {
  const response = await fetch(`http://127.0.0.1:${demo.port}/api/websocket/metrics/`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return (await response.json()) as { uptime_seconds: number };
}
