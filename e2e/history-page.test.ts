import { readFile } from "node:fs/promises";
import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { dashboardAt, goLive, pressKey, readChart, secondOfDay, signIn } from "./dashboard.ts";
import { type Program, startApplication } from "./program.ts";
import { planHistory, type SeededHistory, writeHistory } from "./seeded-history.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

browserSuite("the page History", () => {
  const browser = useBrowser();
  let shop: Program;
  let session: string;
  let plan: SeededHistory;
  let view: View;

  beforeAll(async () => {
    const now = Date.now();
    plan = planHistory(now, 11 * HOUR_MS);
    shop = await startApplication({ prepare: (data) => writeHistory(data, plan, now) });
    session = await signIn(shop);
    view = await openView(browser(), shop.port, {
      session,
      acceptDownloads: true,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await until(async () => (await fetch(`http://127.0.0.1:${shop.port}/readyz`)).ok, {
      what: "an open history",
      timeoutMs: 40_000,
    });
    await view.page.goto(dashboardAt(shop.port, hour()));
    await untilCharts(view.page);
  });
  afterAll(async () => {
    await view?.close();
    await shop?.stop();
  });

  /** Address of the seeded hour. */
  const hour = (more = "") => `#/history?from=${plan.fromAt}&to=${plan.toAt}&node=shop/web-1${more}`;

  it("shows figures over the time of its address, and says how finely and how completely they are known", async () => {
    const { page } = view;
    await goTo(page, hour());
    const card = figure(page, "Active connections, mean");
    expect(await card.locator(".range-note").textContent()).toMatch(/^Resolution \d+ s.* · data for 97 % of the time/);
    const rows = await readChart(page, "Active connections, mean", 3);
    for (const { second, texts } of rows) {
      const at = plan.toAt - ((secondOf(plan.toAt) - second + 86_400) % 86_400) * 1000;
      expect(texts, String(second)).toEqual([String(plan.connections(at))]);
    }
    const messages = card.page().getByRole("region", { name: "Messages, rate, by direction: lines" });
    expect(await messages.getByRole("row").count()).toBe(3);
    await keepPicture(page, "history-explore");
  });

  it("leaves out what nothing is known of, and never calls it zero", async () => {
    const { page } = view;
    await goTo(page, hour());
    await goTo(page, `#/history?from=${plan.gapFromAt - MINUTE_MS}&to=${plan.gapToAt + MINUTE_MS}&node=shop/web-1`);
    await until(
      async () => /data for 50 % of the time/.test((await page.locator(".range-note").first().textContent()) ?? ""),
      { what: "half of the time" },
    );
    const rows = await readChart(page, "Active connections, mean", 9);
    const hole = rows.filter(({ second }) => second >= secondOf(plan.gapFromAt) && second < secondOf(plan.gapToAt));
    expect(rows.length).toBeGreaterThan(20);
    expect(hole).toEqual([]);
  });

  it("keeps what is looked at in its address", async () => {
    const { page } = view;
    await goTo(page, hour());
    await page.getByRole("button", { name: "Add a figure" }).click();
    const search = page.getByRole("combobox", { name: "Search metrics" });
    await search.fill("message latency");
    await page.getByRole("option", { name: /^Message latency/ }).waitFor();
    await search.press("Enter");
    const group = page.getByRole("group", { name: "Message latency" });
    await until(async () => (await group.count()) === 2, { what: "a fourth figure" });
    await group.last().getByRole("combobox", { name: "Aggregate" }).selectOption("p99");
    await page
      .getByRole("group", { name: "Messages", exact: true })
      .getByRole("button", { name: "Remove Messages" })
      .click();
    await figure(page, "Times").waitFor();
    await figure(page, "Messages, rate, by direction").waitFor({ state: "detached" });
    await page.reload();
    await untilCharts(page);
    expect(
      await page
        .getByRole("group")
        .filter({ has: page.getByRole("combobox") })
        .count(),
    ).toBe(3);
    expect(await figure(page, "Times").getByRole("row").count()).toBe(3);
    await goTo(page, hour(`&f1=${encodeURIComponent("rate(gone.metric)")}`));
    await page.getByText("rate(gone.metric)").waitFor();
  });

  it("looks closer where a chart is dragged over, and further by its buttons", async () => {
    const { page } = view;
    await goTo(page, hour());
    const plot = page.getByRole("application", { name: /^Active connections, mean/ });
    const box = await plot.boundingBox();
    if (box === null) throw new Error("expected a chart");
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.4, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, y, { steps: 6 });
    await page.mouse.up();
    await until(() => lengthOf(page) < 20 * MINUTE_MS, { what: "a shorter time" });
    const closer = rangeOf(page);
    expect(closer.fromAt).toBeGreaterThan(plan.fromAt + 15 * MINUTE_MS);
    expect(closer.toAt).toBeLessThan(plan.toAt - 15 * MINUTE_MS);
    await page.getByRole("button", { name: "Zoom out" }).click();
    await until(() => lengthOf(page) === 2 * (closer.toAt - closer.fromAt), { what: "twice the time" });
    const wide = rangeOf(page);
    await page.getByRole("button", { name: "Earlier" }).click();
    await until(() => rangeOf(page).toAt < wide.toAt, { what: "an earlier time" });
    await page.getByRole("button", { name: "Last 24 h" }).click();
    await until(() => !page.url().includes("from="), { what: "the time up to now" });
    expect(page.url()).toContain("last=24h");
    await untilCharts(page);
  });

  it("takes a time that is typed, and says what is wrong with one", async () => {
    const { page } = view;
    await goTo(page, hour());
    const from = page.getByLabel(/^From,/);
    await from.fill(localText(plan.fromAt + 10 * MINUTE_MS));
    await from.press("Enter");
    await until(() => rangeOf(page).fromAt === plan.fromAt + 10 * MINUTE_MS, { what: "the time that was typed" });
    await from.fill(localText(plan.toAt + MINUTE_MS));
    await page.getByText("Expected an end after the beginning.").waitFor();
    await from.press("Escape");
    await page.getByText("Expected an end after the beginning.").waitFor({ state: "detached" });
  });

  it("reads points of charts and cells of the distribution by keyboard", async () => {
    const { page } = view;
    await goTo(page, hour());
    await page.getByRole("application", { name: /^Active connections, mean/ }).focus();
    await page.keyboard.press("Home");
    await said(page, new RegExp(`Active connections, mean ${plan.connections(plan.fromAt)}$`));
    await page.keyboard.press("End");
    await said(page, new RegExp(`Active connections, mean ${plan.connections(plan.toAt - 1)}$`));
    await page.keyboard.press("Escape");
    await page.getByRole("application", { name: /^Message latency, distribution/ }).focus();
    await page.keyboard.press("End");
    await said(page, /\d\d:\d\d:\d\d, .+ ms to .+ ms: \d+/);
    await page.keyboard.press("Escape");
  });

  it("tells where figures are going, and by which statistic", async () => {
    const { page } = view;
    await goTo(page, hour());
    await page.getByRole("switch", { name: "Trend lines" }).check();
    const trend = page.getByRole("region", { name: "Active connections, mean: trend" });
    await trend.getByText("rising").waitFor();
    expect(await trend.textContent()).toMatch(/Theil–Sen slope/);
    expect(page.url()).toContain("trend=1");
    await page.getByRole("switch", { name: "Trend lines" }).uncheck();
  });

  it("compares with another time, and says whether a difference is usual", async () => {
    const { page } = view;
    await goTo(page, hour());
    await page.getByRole("tab", { name: "Compare" }).click();
    const table = page.getByRole("region", { name: "Differences between A and B" });
    const row = table.getByRole("row", { name: /^Active connections, mean/ });
    await row.waitFor();
    // Every hour is like the one before: 300 to 359, a minute each.
    expect(await row.textContent()).toMatch(/^Active connections, mean.*(32|33)\d(32|33)\d[+−]?[012]/);
    await row.getByRole("button").click();
    const overlay = page.getByRole("region", { name: "Active connections, mean: lines" });
    await overlay.getByRole("row", { name: /^B / }).waitFor();
    await page.getByLabel("compared with").selectOption("day");
    await until(() => page.url().includes("vs=day"), { what: "another time to compare with" });
    await untilCalm(page);
    const [csv] = await saved(page, "What differs", "Download CSV");
    expect(csv.split("\r\n", 1)[0]).toBe("figure,Unit,A,B,A − B,Change (%),Usual,z,Earlier differences");
    expect(csv).toContain("Active connections, mean");
    await keepPicture(page, "history-compare");
  });

  it("lists what happened, and shows the figures around it", async () => {
    const { page } = view;
    await goTo(page, hour());
    await page.getByRole("tab", { name: "Events" }).click();
    const list = page.getByRole("region", { name: "List of events" });
    const started = list.getByRole("row", { name: /Process started/ });
    expect(await started.textContent()).toContain("pid 42");
    await page.getByRole("checkbox", { name: "Errors" }).check();
    await page.getByText("Nothing happened in this time").waitFor();
    await page.getByRole("checkbox", { name: "Errors" }).uncheck();
    await started.getByRole("button").click();
    await until(() => lengthOf(page) === 30 * MINUTE_MS, { what: "half an hour around it" });
    expect(rangeOf(page).fromAt).toBe(plan.startedAt - 15 * MINUTE_MS);
  });

  it("gives a chart away as CSV, JSON and PNG, with units, and links to it", async () => {
    const { page } = view;
    await goTo(page, hour());
    const title = "Messages, rate, by direction";
    const [csv, csvName] = await saved(page, title, "Download CSV");
    expect(csvName).toBe("wsight-messages-rate-by-direction.csv");
    const [head, newest = ""] = csv.split("\r\n");
    expect(head).toMatch(/^time,(in|out) \(message\/s\),(in|out) \(message\/s\)$/);
    expect(newest).toBe(`${newest.slice(0, 24)},${plan.messages(plan.toAt - 1)},${plan.messages(plan.toAt - 1)}`);
    const [json] = await saved(page, title, "Download JSON");
    expect(JSON.parse(json)).toMatchObject({ title, columns: [{ unit: "message/s" }, { unit: "message/s" }] });
    const [png] = await saved(page, title, "Download PNG");
    expect(png.slice(1, 4)).toBe("PNG");
    await choose(page, title, "Copy link to this moment");
    await page.getByText("Link to this moment copied").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toContain(`from=${plan.fromAt}&to=${plan.toAt}`);
  });

  it("opens from charts of other pages with what they show", async () => {
    const { page } = view;
    await goLive(page, shop.port, "#/overview");
    await page.locator("main .plot >> nth=1").waitFor();
    await choose(page, "Message rate", "Open in History");
    await figure(page, "Messages, rate, by direction").waitFor();
    expect(new URL(page.url()).hash).toMatch(/^#\/history\?f1=rate/);
    await page.goBack();
    await page.locator("main .plot >> nth=1").waitFor();
    await choose(page, "Message rate", "Compare with previous");
    await page.getByRole("heading", { name: "What differs" }).waitFor();
    expect(page.url()).toMatch(/from=\d+&to=\d+/);
  });

  it("says in Settings what history takes, tier by tier", async () => {
    const { page } = view;
    await page.goto(dashboardAt(shop.port, "#/settings"));
    const tiers = page.getByRole("region", { name: "Tiers of history" });
    await tiers.getByRole("row", { name: /^1 min 7 d/ }).waitFor();
    expect(await tiers.getByRole("row").count()).toBe(6);
    await pressKey(page, "g");
    await page.keyboard.press("h");
    await page.getByRole("heading", { level: 1, name: "History" }).waitFor();
  });

  it("has nothing that axe objects to, in every width, theme and part, and nothing wider than the window", async () => {
    const { page } = view;
    for (const part of ["&trend=1", "&tab=compare", "&tab=events"]) {
      await goTo(page, hour(part));
      await untilCalm(page);
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 1000 });
          const where = `${part}, ${theme}, ${width} px`;
          expect(await findBreaches(page), where).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBe(width);
          await keepPicture(page, `history-${part.slice(1)}-${theme}-${width}`);
        }
      }
    }
    expect(view.trouble).toEqual({ console: [], policy: [], foreign: [] });
  }, 120_000);

  it("says so when the hub keeps none", async () => {
    const none = await startApplication({ kept: false });
    const { page, close } = await openView(browser(), none.port, { session: await signIn(none) });
    await goLive(page, none.port, "#/history");
    await page.getByText("This hub keeps no history").first().waitFor();
    expect(await findBreaches(page)).toEqual([]);
    await close();
    await none.stop();
  });
});

function figure(page: Page, title: string): Locator {
  return page.getByRole("figure", { name: title, exact: true });
}

/** Goes to an address without loading anew, and waits until its charts are those of it. */
async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((next) => {
    location.hash = next;
  }, hash);
  if (hash.includes("tab=") || !hash.startsWith("#/history")) return;
  await untilCharts(page);
}

async function untilCharts(page: Page): Promise<void> {
  await page.locator(".range-plot canvas").first().waitFor();
  await untilCalm(page);
}

/** Waits until nothing on the page is about to be replaced. */
async function untilCalm(page: Page): Promise<void> {
  await until(async () => (await page.locator("main [data-pending]").count()) === 0, { what: "answers" });
}

function rangeOf(page: Page): { readonly fromAt: number; readonly toAt: number } {
  const query = new URLSearchParams(page.url().split("?")[1] ?? "");
  return { fromAt: Number(query.get("from")), toAt: Number(query.get("to")) };
}

function lengthOf(page: Page): number {
  const { fromAt, toAt } = rangeOf(page);
  return toAt - fromAt;
}

function secondOf(at: number): number {
  return secondOfDay(new Date(at).toISOString().slice(11, 19));
}

/** As a field for a date and a time takes it; the browser's clock is UTC. */
function localText(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}

async function choose(page: Page, title: string, item: string): Promise<void> {
  await page.getByRole("button", { name: `${title}: more` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

/** Content and name of the file that an item of a chart's menu makes. */
async function saved(page: Page, title: string, item: string): Promise<readonly [content: string, name: string]> {
  const coming = page.waitForEvent("download");
  await choose(page, title, item);
  const download = await coming;
  return [await readFile(await download.path(), "latin1").then(decode(item)), download.suggestedFilename()];
}

/** Pictures stay bytes; all else is UTF-8. */
function decode(item: string): (bytes: string) => string {
  return (bytes) => (item.endsWith("PNG") ? bytes : Buffer.from(bytes, "latin1").toString("utf8"));
}

async function said(page: Page, pattern: RegExp): Promise<void> {
  const region = page.locator("p[role=status][aria-live=polite]");
  await until(async () => pattern.test((await region.textContent()) ?? ""), { what: `to hear ${pattern}` });
}
