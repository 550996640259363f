import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser } from "./browser.ts";
import { goLive, passSeconds, pressKey, readChart, secondOfDay, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startApplication } from "./program.ts";
import { planHistory, type SeededHistory, writeHistory } from "./seeded-history.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

browserSuite("a page that looks at the past", () => {
  const browser = useBrowser();
  let shop: Program;
  let session: string;
  let plan: SeededHistory;

  beforeAll(async () => {
    const now = Date.now();
    plan = planHistory(now, 11 * HOUR_MS);
    shop = await startApplication({ prepare: (data) => writeHistory(data, plan, now) });
    session = await signIn(shop);
    // A hub opens its history beside everything else; until then it says so.
    const url = `http://127.0.0.1:${shop.port}/api/history/events?limit=1`;
    await until(async () => (await fetch(url, { headers: { cookie: session } })).ok, { what: "history to be open" });
  });
  afterAll(() => shop?.stop());

  const half = () => ({ fromAt: plan.fromAt, toAt: plan.fromAt + 30 * MINUTE_MS });
  const at = (range: { fromAt: number; toAt: number }, page = "overview") =>
    `#/${page}?from=${range.fromAt}&to=${range.toAt}`;

  it("opens at the time of its link, says which that is, and shows it in every chart and figure", async () => {
    const { page, trouble, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at(half()));
    await untilStatus(page, "History");
    expect(await banner(page)).toMatch(
      /Viewing \d\d:\d\d – \d\d:\d\d, .* · 1\d h ago · \d s resolution · 9\d % of the data/,
    );
    const kpi = page.getByRole("article", { name: "Connections" }).locator(".kpi-value");
    await kpi.filter({ hasText: String(plan.connections(plan.fromAt + 29 * MINUTE_MS)) }).waitFor();

    const rows = await readChart(page, "Message rate");
    const newest = rows[0];
    expect(newest?.second).toBeGreaterThanOrEqual(secondOf(half().toAt - 10_000));
    for (const { second, texts } of rows) {
      const minuteAt =
        Math.floor((half().toAt - ((secondOf(half().toAt) - second + 86_400) % 86_400) * 1000) / MINUTE_MS) * MINUTE_MS;
      expect(texts).toEqual([`${plan.messages(minuteAt)}/s`, `${plan.messages(minuteAt)}/s`]);
    }
    // Nothing on this page is of now alone.
    expect(await page.getByText("Live only").count()).toBe(0);
    await keepPicture(page, "history-overview");
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
    await close();
  });

  it("lists nodes, events, closes and errors of that time, whole, and nothing of now", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at(half()));
    const card = (name: string) => page.getByRole("region", { name, exact: true });
    // 28 minutes are known of it: 2 closes in order and 1 abnormal a second, an error a second.
    const seconds = 28 * 60;
    const mean = (perMinute: (at: number) => number) => {
      const minutes = Array.from({ length: 30 }, (_, i) => plan.fromAt + i * MINUTE_MS);
      const known = minutes.filter((at) => at < plan.gapFromAt || at >= plan.gapToAt);
      return known.reduce((sum, at) => sum + perMinute(at), 0) / known.length;
    };
    const nodes = card("Connections by node");
    await nodes.locator(".node-head").first().waitFor();
    expect(await nodes.locator(".node-head").allTextContents()).toEqual([
      `web-1${Math.round(mean((at) => plan.connections(at)))}`,
    ]);
    const rate = mean((at) => plan.messages(at)).toFixed(0);
    const rates = await card("Busiest events").locator("tbody td:nth-child(2)").allTextContents();
    expect(rates.map((text) => Number(text).toFixed(0))).toEqual([rate, rate]);
    const closes = card("Close reasons");
    expect(await closes.locator("li").allTextContents()).toEqual([
      `1000 normal closure${(2 * seconds).toLocaleString("en")}`,
      `1006 abnormal, no close frame${seconds.toLocaleString("en")}`,
    ]);
    await card("Errors")
      .getByText(`${seconds.toLocaleString("en")} · 60/min`)
      .waitFor();
    // Nobody judged that time; how things are now is said to be of now.
    await card("State").getByText("Health not known then").waitFor();
    await card("State").getByText(/Now: /).waitFor();

    await page.goto(`http://127.0.0.1:${shop.port}/dashboard${at(half(), "connections")}`);
    await untilViewing(page);
    await card("Close reasons")
      .getByText(`${(3 * seconds).toLocaleString("en")} in the window`)
      .waitFor();
    const legend = page.getByRole("figure", { name: "Active by node" }).locator(".legend");
    await legend.filter({ hasText: /^web-1\s*329$/ }).waitFor();

    await page.goto(`http://127.0.0.1:${shop.port}/dashboard${at(half(), "messages")}`);
    await untilViewing(page);
    await card("Types").locator("tbody tr").first().waitFor();
    expect(await card("Types").locator("tbody tr").count()).toBe(2);

    await page.goto(`http://127.0.0.1:${shop.port}/dashboard${at(half(), "system")}`);
    await untilViewing(page);
    await card("Nodes").getByRole("link", { name: "gone-1" }).waitFor();
    await close();
  });

  it("says calmly what part of it is gone since the page was updated, and reloads", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goLive(page, shop.port);
    await page.route("**/assets/**", (route) => route.abort());
    await page.getByRole("complementary", { name: "Product" }).getByRole("link", { name: "Messages" }).click();
    await page.getByText("This part could not be loaded").waitFor();
    await page.unroute("**/assets/**");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByRole("region", { name: "Types", exact: true }).waitFor();
    await close();
  });

  it("leaves a hole where nothing was kept, in charts and on the rail", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at({ fromAt: plan.gapFromAt - 5 * MINUTE_MS, toAt: plan.gapToAt + 5 * MINUTE_MS }));
    const rows = await readChart(page, "Message rate", 40);
    const hole = rows.filter(({ second }) => second >= secondOf(plan.gapFromAt) && second < secondOf(plan.gapToAt));
    expect(rows.length).toBeGreaterThan(100);
    expect(hole.length).toBeGreaterThan(0);
    expect(hole.every(({ texts }) => texts.every((text) => text === "–"))).toBe(true);
    expect(await banner(page)).toMatch(/8\d % of the data/);
    await close();
  });

  it("moves by dragging the rail, and goes back to live with L, the button, and a double click", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goLive(page, shop.port, "#/overview?w=15m");
    const strip = page.locator(".rail-strip[data-kept]");
    // The rail reaches back as far as there is something.
    await until(async () => /last (1 d|24 h)/.test((await strip.getAttribute("aria-label")) ?? ""), {
      what: "a day on the rail",
    });
    const box = await strip.boundingBox();
    if (box === null) throw new Error("expected a rail");
    const y = box.y + box.height / 2;

    await page.mouse.move(box.x + box.width * 0.4, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 8 });
    await page.mouse.up();
    await untilStatus(page, "History");
    const first = rangeOf(page);
    expect(Math.abs((first.fromAt + first.toAt) / 2 - (Date.now() - 12 * HOUR_MS))).toBeLessThan(10 * MINUTE_MS);
    expect(first.toAt - first.fromAt).toBe(30 * MINUTE_MS);
    await keepPicture(page, "history-dragged");

    // By an edge it becomes longer, and the other edge stays.
    const window = await page.locator(".rail-window").boundingBox();
    if (window === null) throw new Error("expected a window");
    await page.mouse.move(window.x - 4, y);
    await page.mouse.down();
    await page.mouse.move(window.x - 104, y, { steps: 5 });
    await page.mouse.up();
    await until(() => rangeOf(page).fromAt < first.fromAt, { what: "a longer window" });
    expect(rangeOf(page).toAt).toBe(first.toAt);

    await pressKey(page, "l");
    await untilStatus(page, "Live");
    expect(new URL(page.url()).hash).toBe("#/overview?w=15m");
    await page.goBack();
    await untilStatus(page, "History");
    await page.getByRole("button", { name: "Back to live" }).click();
    await untilStatus(page, "Live");
    await page.mouse.dblclick(box.x + box.width * 0.3, y);
    await untilStatus(page, "Live");
    await close();
  });

  it("is led by the keyboard: the window on the rail, brackets, plus and minus, marks", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at(half()));
    const slider = page.getByRole("slider", { name: "Time shown" });
    await slider.focus();
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/ago$/);
    const from = half();
    await page.keyboard.press("ArrowRight");
    expect(rangeOf(page)).toEqual(moved(from, 30));
    await page.keyboard.press("PageDown");
    expect(rangeOf(page)).toEqual(moved(from, -30));
    await page.keyboard.press("End");
    await untilStatus(page, "Live");
    await page.goBack();
    await pressKey(page, "]");
    expect(rangeOf(page)).toEqual(moved(from, -15));
    await pressKey(page, "[");
    expect(rangeOf(page)).toEqual(moved(from, -30));
    await pressKey(page, "-");
    expect(rangeOf(page)).toEqual({ fromAt: from.fromAt - 45 * MINUTE_MS, toAt: from.toAt - 15 * MINUTE_MS });
    await pressKey(page, "+");
    // The start that is kept, and that of the process that runs now.
    await page.locator(".rail-mark").nth(1).waitFor();
    await pressKey(page, "n");
    expect(rangeOf(page)).toEqual({ fromAt: plan.startedAt - 15 * MINUTE_MS, toAt: plan.startedAt + 15 * MINUTE_MS });
    await close();
  });

  it("shows the quarter of an hour around a mark that is clicked", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goLive(page, shop.port);
    // The process that runs now has a mark, too.
    const time = new Date(plan.startedAt).toISOString().slice(11, 19);
    await page.getByRole("button", { name: new RegExp(`^1 process started, .* ${time}. Look at it`) }).click();
    await untilStatus(page, "History");
    expect(rangeOf(page)).toEqual({ fromAt: plan.startedAt - 15 * MINUTE_MS, toAt: plan.startedAt + 15 * MINUTE_MS });
    await close();
  });

  it("goes where somebody drags in a chart, and from page to page at the same time", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at(half()));
    const plot = await page.locator('[data-plot="Message rate"] .u-over').boundingBox();
    if (plot === null) throw new Error("expected a chart");
    const y = plot.y + plot.height / 2;
    await page.mouse.move(plot.x + plot.width / 6, y);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width / 2, y, { steps: 4 });
    await page.locator(".time-select").waitFor();
    await page.mouse.up();
    await until(() => rangeOf(page).fromAt > half().fromAt, { what: "a closer look" });
    const closer = rangeOf(page);
    expect(Math.abs(closer.fromAt - (half().fromAt + 5 * MINUTE_MS))).toBeLessThan(30_000);
    expect(Math.abs(closer.toAt - (half().fromAt + 15 * MINUTE_MS))).toBeLessThan(30_000);
    await untilViewing(page);

    await page.getByRole("complementary", { name: "Product" }).getByRole("link", { name: "Messages" }).click();
    await page.getByRole("heading", { level: 1, name: "Messages" }).waitFor();
    expect(rangeOf(page)).toEqual(closer);
    const inRate = page.getByRole("article", { name: "In", exact: true }).locator(".kpi-value");
    // 44 a second in the minute before the fifteenth, 45 in that.
    await inRate.filter({ hasText: /^4[45]/ }).waitFor();
    await page.locator("main").getByText("Live only").first().waitFor();
    await close();
  });

  it("asks once for each time it moves to, and not again while it stays there", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await goPast(page, shop.port, at(half()));
    await page.getByRole("region", { name: "Busiest events" }).waitFor();
    await passSeconds(page, 2);
    const asked: number[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/api/history/queries")) {
        const { selectors } = request.postDataJSON() as { selectors: readonly unknown[] };
        if (selectors.length > 1) asked.push(selectors.length);
      }
    });
    await passSeconds(page, 3);
    expect(asked).toEqual([]);
    await pressKey(page, "[");
    await until(() => asked.length > 0, { what: "a question" });
    await untilViewing(page);
    await pressKey(page, "]");
    await passSeconds(page, 2);
    // Where it was is still known.
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(Math.max(...asked)).toBeLessThanOrEqual(64);
    await close();
  });

  it.each([
    [1440, "light"],
    [1440, "dark"],
    [1024, "light"],
    [390, "light"],
    [390, "dark"],
  ] as const)("has no breach of WCAG 2.2 AA at %i px on %s", async (width, colorScheme) => {
    const { page, close } = await openView(browser(), shop.port, {
      session,
      colorScheme,
      viewport: { width, height: 900 },
    });
    await goPast(page, shop.port, at(half()));
    await page.locator(".rail-mark").first().waitFor();
    expect(await findBreaches(page)).toEqual([]);
    await keepPicture(page, `history-${width}-${colorScheme}`);
    await close();
  });

  it("says so when history can't be read, and reads it again on request", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    let broken = true;
    let asked = 0;
    await page.route("**/api/history/queries", (route) => {
      asked++;
      return broken ? route.abort() : route.fallback();
    });
    await page.goto(`http://127.0.0.1:${shop.port}/dashboard${at(half())}`);
    await page.getByText("could not be read").waitFor();
    // What comes below the first charts is asked for, too, and fails as well.
    await page.getByRole("region", { name: "Busiest events" }).waitFor();
    await passSeconds(page, 1);
    const before = asked;
    await page.getByRole("button", { name: "Try again" }).click();
    await until(() => asked > before, { what: "another try" });
    // It goes on to try by itself.
    broken = false;
    await untilViewing(page);
    await close();
  });
});

browserSuite("a page of a hub that keeps no history", () => {
  const browser = useBrowser();
  let shop: Program;
  let session: string;

  beforeAll(async () => {
    shop = await startApplication({ kept: false });
    session = await signIn(shop);
  });
  afterAll(() => shop?.stop());

  it("has the live minutes on its rail, says so, and offers no longer windows", async () => {
    const { page, trouble, close } = await openView(browser(), shop.port, { session });
    await goLive(page, shop.port);
    await page.getByText("This hub keeps no history").first().waitFor();
    expect(await page.getByRole("radiogroup", { name: "Window" }).locator("label").allTextContents()).toEqual([
      "5m",
      "15m",
    ]);
    await pressKey(page, "[");
    await page.getByText(/the last 15 minutes are all there is/).waitFor();
    await untilStatus(page, "Live");
    expect(trouble.console).toEqual([]);
    await close();
  });

  it("explains a link to another time instead of showing nothing", async () => {
    const { page, close } = await openView(browser(), shop.port, { session });
    await page.goto(`http://127.0.0.1:${shop.port}/dashboard#/overview?from=${Date.now() - HOUR_MS}&to=${Date.now()}`);
    await page.locator(".banner").getByText("This hub keeps no history.").waitFor();
    await page.getByRole("button", { name: "Back to live" }).click();
    await untilStatus(page, "Live");
    await close();
  });
});

async function goPast(page: Page, port: number, hash: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${port}/dashboard${hash}`);
  await untilViewing(page);
}

/** Waits until the page shows the time of its address. */
async function untilViewing(page: Page): Promise<void> {
  await page
    .locator(".banner[data-tone=past]")
    .getByText(/% of the data/)
    .waitFor();
}

async function banner(page: Page): Promise<string> {
  return (await page.locator(".banner[data-tone=past] p").textContent()) ?? "";
}

function rangeOf(page: Page): { readonly fromAt: number; readonly toAt: number } {
  const query = new URLSearchParams(new URL(page.url()).hash.split("?")[1] ?? "");
  return { fromAt: Number(query.get("from")), toAt: Number(query.get("to")) };
}

function moved({ fromAt, toAt }: { fromAt: number; toAt: number }, minutes: number): { fromAt: number; toAt: number } {
  return { fromAt: fromAt + minutes * MINUTE_MS, toAt: toAt + minutes * MINUTE_MS };
}

function secondOf(at: number): number {
  return secondOfDay(new Date(at).toISOString().slice(11, 19));
}
