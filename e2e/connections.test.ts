import { once } from "node:events";
import { until as untilSoon } from "@wsight/testkit";
import type { CDPSession, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, passSeconds, pressKey, signIn, untilStatus } from "./dashboard.ts";
import { type Program, runWsight, startApplication, startDemo } from "./program.ts";

const CROWD = 400;
const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

browserSuite("the page of connections", () => {
  const browser = useBrowser();
  let demo: Program;
  let app: string;
  let session: string;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    demo = await startDemo();
    [, app = ""] = await demo.says(/app\s+(http:\S+)/);
    session = await signIn(demo);
    view = await openView(browser(), demo.port, { session });
    page = view.page;
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });
  beforeEach(async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.mouse.move(10, 10);
    await goLive(page, demo.port, "#/connections");
    await untilRows(page);
  });

  it("says how many there are, by node, why they end, and how full the pool is", async () => {
    const active = page.getByRole("article", { name: "Active" });
    await until(async () => Number(await active.locator(".kpi-value").textContent()) > 20, { what: "visitors" });
    expect(await page.getByRole("article", { name: "Pool utilisation" }).textContent()).toMatch(
      /of [\d,]+ · limit 90 %/,
    );
    const source = page.getByRole("article", { name: "Pool utilisation" }).locator("[title]").first();
    expect(await source.getAttribute("title")).toMatch(/^web-1: [\d,]+, \S/);
    await page.getByRole("application", { name: /^Active by node\. Now: web-1 \d+/ }).waitFor();
    const reasons = page.getByRole("region", { name: "Close reasons" });
    await reasons.getByText("transport close").waitFor();
    expect(await reasons.textContent()).toContain("the client went: tab closed, network changed");
  });

  it("finds connections by the search, and repeats what the hub did not understand", async () => {
    await connectAs(app, "eve-search");
    const search = page.getByRole("searchbox", { name: "Search connections" });
    await search.fill("user:eve-search");
    await page
      .locator(".list-foot")
      .getByText(/^1 of \d+ connections/)
      .waitFor();
    expect(await rows(page).count()).toBe(1);
    expect(await rows(page).textContent()).toContain("eve-search");
    expect(page.url()).toContain("q=user:eve-search");

    await search.fill("rtt:fast");
    const problem = page.getByRole("alert").filter({ hasText: "rtt" });
    await problem.waitFor();
    expect(await problem.textContent()).toMatch(/expected > and a number/);
    expect(await search.getAttribute("aria-invalid")).toBe("true");

    await search.fill("nobody-is-called-this");
    await page.getByText("No connection matches").waitFor();
    await page.getByRole("button", { name: "Clear the search" }).click();
    await untilRows(page);
    expect(page.url()).not.toContain("q=");

    await page.getByRole("button", { name: "How to search" }).click();
    await page.getByText("in this room; quote spaces").waitFor();
  });

  it("lets the hub order the rows by a column", async () => {
    const head = page.getByRole("columnheader", { name: "Out/s" });
    await head.getByRole("button").click();
    await until(async () => (await head.getAttribute("aria-sort")) === "descending", { what: "the order" });
    await until(async () => isDescending(await column(page, "Out/s")), { what: "rows by what they are sent" });
    expect(page.url()).toContain("sort=out");
    await head.getByRole("button").click();
    await until(async () => (await head.getAttribute("aria-sort")) === "ascending", { what: "the order" });
    await until(async () => isDescending([...(await column(page, "Out/s"))].reverse()), {
      what: "the other way round",
    });
    await page.reload();
    await untilRows(page);
    expect(await page.getByRole("columnheader", { name: "Out/s" }).getAttribute("aria-sort")).toBe("ascending");
  });

  it("keeps the order while somebody points at the rows, whose figures go on", async () => {
    const head = page.getByRole("columnheader", { name: "Out/s" });
    const answered = page.waitForResponse(/\/api\/connections\?.*sort=out/);
    await head.getByRole("button").click();
    await answered;
    await until(async () => (await head.getAttribute("aria-sort")) === "descending", { what: "the order" });
    await untilAnswered(page);
    await page.locator(".vt-row").nth(3).hover();
    await page.locator(".list-foot").getByText("order held while pointing").waitFor();
    const before = { ids: await column(page, "ID"), ages: await column(page, "Age") };
    await passSeconds(page, 5);
    expect(await column(page, "ID")).toEqual(before.ids);
    expect(await column(page, "Age")).not.toEqual(before.ages);
    await page.mouse.move(10, 10);
    await page.locator(".list-foot").getByText("order held").waitFor({ state: "detached" });
  });

  it("is walked through by keyboard: one Tab stop, arrows, pages, ends, and Enter opens a row", async () => {
    const opener = (place: number) => page.locator(`[data-place="${place}"]`);
    await page.getByRole("searchbox", { name: "Search connections" }).focus();
    for (let tabs = 0; tabs < 12 && !(await isFocused(opener(0))); tabs++) await page.keyboard.press("Tab");
    expect(await isFocused(opener(0))).toBe(true);
    await page.keyboard.press("ArrowDown");
    await untilFocused(opener(1));
    await page.keyboard.press("ArrowDown");
    await untilFocused(opener(2));
    await page.keyboard.press("PageDown");
    await until(async () => (await focusedPlace(page)) > 10, { what: "the next page" });
    await page.keyboard.press("End");
    const total = Number(await page.getByRole("table", { name: "Connections" }).getAttribute("aria-rowcount")) - 1;
    await until(async () => (await focusedPlace(page)) > total - 10, { what: "the last row" });
    await page.keyboard.press("Home");
    await untilFocused(opener(0));
    await page.locator(".list-foot").getByText("order held while the focus is in it").waitFor();

    await page.keyboard.press("ArrowDown");
    await untilFocused(opener(1));
    await page.keyboard.press("Enter");
    const drawer = page.locator("dialog.drawer");
    await drawer.getByText("Heartbeat round trip").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await untilFocused(opener(1));
  });

  it("looks closely at one: handshake, rooms, counters, and the way to its messages", async () => {
    await page.getByRole("searchbox", { name: "Search connections" }).fill("ns:/chat age:>1s");
    await until(async () => (await column(page, "Namespace")).every((text) => text.startsWith("/")), { what: "/chat" });
    await rows(page).first().click();
    const drawer = page.locator("dialog.drawer");
    await drawer.getByRole("heading", { name: "Handshake" }).waitFor();
    const text = (await drawer.textContent()) ?? "";
    for (const part of ["/chat", "127.0.0.1", "host", "Waiting to be sent", "most ", "Namespaces and rooms"]) {
      expect.soft(text.toLowerCase()).toContain(part.toLowerCase());
    }
    expect(text.toLowerCase(), "no query of the handshake").not.toContain("sid=");
    const link = await drawer.getByRole("link", { name: "Follow its messages" }).getAttribute("href");
    expect(link).toMatch(/#\/messages\?node=demo\/web-1&tail=connection:\d+$/);
    expect(page.url()).toMatch(/open=demo\/web-1\/\d+/);
    await keepPicture(page, "connections-drawer");
  });

  it("disconnects one for an administrator, who is asked first and leaves a trace", async () => {
    const client = await connectAs(app, "eve-ends");
    const closed = once(client, "close");
    await page.getByRole("searchbox", { name: "Search connections" }).fill("user:eve-ends");
    await page
      .locator(".list-foot")
      .getByText(/^1 of /)
      .waitFor();
    await rows(page).first().click();
    await page.getByRole("button", { name: /^Disconnect/ }).click();
    const question = page.getByRole("dialog", { name: "Disconnect eve-ends?" });
    expect(await question.textContent()).toContain("of user eve-ends on demo/web-1");
    await question.getByRole("button", { name: "Cancel" }).click();
    expect(client.readyState).toBe(WebSocket.OPEN);
    await page.getByRole("button", { name: /^Disconnect/ }).click();
    await question.getByRole("button", { name: "Disconnect", exact: true }).click();
    await closed;
    await page.locator(".toast").getByText("eve-ends was disconnected").waitFor();
    await page.locator("dialog.drawer").waitFor({ state: "detached" });
    const acts = page.getByRole("region", { name: "Administrator actions" });
    await acts
      .getByText(/^demo\/web-1\/\d+$/)
      .first()
      .waitFor();
    await page.getByText("No connection matches").waitFor();
  });

  it("keeps disconnecting from people who only look", async () => {
    const token = await runWsight(["token", "--role", "viewer", "--sub", "ada", "--data", demo.data]);
    const viewer = await openView(browser(), demo.port);
    await viewer.page.goto(`http://127.0.0.1:${demo.port}/dashboard#/connections`);
    await viewer.page.getByLabel("Token").fill(token);
    await viewer.page.getByRole("button", { name: "Sign in" }).click();
    await untilRows(viewer.page);
    await rows(viewer.page).first().click();
    await viewer.page.locator("dialog.drawer").getByText("Heartbeat round trip").waitFor();
    expect(await viewer.page.getByRole("button", { name: /^Disconnect/ }).count()).toBe(0);
    expect(await viewer.page.getByText("Administrator actions").count()).toBe(0);
    // Being asked to sign in is all that is complained of.
    expect(viewer.trouble.console.filter((text) => !text.includes("401"))).toEqual([]);
    await viewer.close();
  });

  it("has real tabs: arrows go from one to the next, the address keeps which", async () => {
    await page.getByRole("tab", { name: "Connections" }).focus();
    for (const [name, content] of [
      ["Users", "connections of each user"],
      ["Rooms", "sockets of each room"],
      ["Namespaces", "/presence"],
      ["Workers", "One process"],
    ] as const) {
      await page.keyboard.press("ArrowRight");
      const tab = page.getByRole("tab", { name: new RegExp(`^${name}`) });
      await untilFocused(tab);
      expect(await tab.getAttribute("aria-selected")).toBe("true");
      await page.getByRole("tabpanel").getByText(content).first().waitFor();
    }
    expect(page.url()).toContain("tab=workers");
    await page.keyboard.press("ArrowRight");
    await untilRows(page);
    await page.keyboard.press("ArrowRight");
    await page
      .getByRole("tabpanel")
      .getByRole("button", { name: /^user-/ })
      .first()
      .click();
    await page
      .locator(".list-foot")
      .getByText(/ of \d+ connections/)
      .waitFor();
    expect(page.url()).toMatch(/q=user:user-\d+/);
  });

  it("follows the node that is chosen, and explains one that does not report", async () => {
    await page.getByRole("combobox", { name: "Node" }).selectOption("demo/web-1");
    await untilRows(page);
    expect(page.url()).toContain("node=demo/web-1");
    await goLive(page, demo.port, "#/connections?node=demo/web-9");
    await page.locator(".banner").getByText("demo/web-9 does not report.").waitFor();
    await page.getByRole("button", { name: "Show all nodes" }).click();
    await untilRows(page);
    expect(page.url()).not.toContain("node=");
  });

  it("stands still while paused", async () => {
    await pressKey(page, "Space");
    await untilStatus(page, "Paused");
    const asked: string[] = [];
    const note = (request: { url(): string }) =>
      request.url().includes("/api/connections") && asked.push(request.url());
    await page.waitForTimeout(1100);
    page.on("request", note);
    await page.waitForTimeout(2500);
    page.off("request", note);
    expect(asked).toEqual([]);
    await pressKey(page, "Space");
  });

  it("has rows of two lines on a phone, and the node switch", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await untilRows(page);
    await until(async () => (await page.getByRole("columnheader").count()) === 2, { what: "two columns" });
    const box = await rows(page).first().boundingBox();
    expect(box?.height).toBe(54);
    expect(await rows(page).first().locator(".vt-line").count()).toBe(4);
    expect(await page.getByRole("combobox", { name: "Node" }).isVisible()).toBe(true);
    await page.getByRole("combobox", { name: "Order" }).selectOption({ label: "Most sent" });
    await until(() => page.url().includes("sort=out"), { what: "the order" });
    await keepPicture(page, "connections-phone");
  });

  it("breaks no rule of axe, whatever is shown, in either theme at any width", async () => {
    const found: string[] = [];
    await page.emulateMedia({ reducedMotion: "reduce" });
    for (const state of ["", "?tab=users", "?tab=rooms", "?tab=namespaces", "?tab=workers", "drawer", "help"]) {
      await goLive(page, demo.port, `#/connections${state.startsWith("?") ? state : ""}`);
      await page.getByRole("tabpanel").locator("table, ul").first().waitFor();
      if (state === "drawer") await rows(page).first().click();
      if (state === "drawer") await page.locator("dialog.drawer").getByText("Heartbeat round trip").waitFor();
      if (state === "help") await page.getByRole("button", { name: "How to search" }).click();
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const breaches = await findBreaches(page);
          await keepPicture(page, `connections-${state.replaceAll(/\W/g, "")}-${colorScheme}-${width}`);
          found.push(...breaches.map((breach) => `${state || "list"}, ${colorScheme}, ${width} px: ${breach}`));
        }
      }
    }
    await page.emulateMedia({ reducedMotion: null, colorScheme: null });
    expect(found).toEqual([]);
  }, 120_000);

  it("holds on to nothing after it was left", async () => {
    const fresh = await openView(browser(), demo.port, { session });
    await goLive(fresh.page, demo.port, "#/connections");
    await untilRows(fresh.page);
    await pressKey(fresh.page, "Space");
    await untilStatus(fresh.page, "Paused");
    const devtools = await fresh.page.context().newCDPSession(fresh.page);
    for (let times = 0; times < 12; times++) await visit(fresh.page);
    const before = await weigh(devtools);
    for (let times = 0; times < 24; times++) await visit(fresh.page);
    const after = await weigh(devtools);
    console.log(`e2e: Connections before ${JSON.stringify(before)}, after 24 visits ${JSON.stringify(after)}`);
    expect(after.listeners).toBeLessThanOrEqual(before.listeners * 1.02 + 2);
    expect(after.nodes).toBeLessThanOrEqual(before.nodes * 1.05 + 20);
    expect(after.heapBytes - before.heapBytes).toBeLessThanOrEqual(1_000_000);
    expect(fresh.trouble).toEqual({ console: [], policy: [], foreign: [] });
    await fresh.close();
  }, 60_000);

  it("complained of nothing through all of that", () => {
    // A search that made no sense, a connection that had ended and a node that never was were told as such.
    const complaints = view.trouble.console.filter((text) => !/status of 40[04]/.test(text));
    expect({ ...view.trouble, console: complaints }).toEqual({ console: [], policy: [], foreign: [] });
  });
});

browserSuite("the page of connections with a crowd", () => {
  const browser = useBrowser();
  let crowd: Program;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    crowd = await startApplication();
    crowd.tell(`open ${CROWD}`);
    view = await openView(browser(), crowd.port, { session: await signIn(crowd) });
    page = view.page;
    await goLive(page, crowd.port, "#/connections");
    await page
      .locator(".list-foot")
      .getByText(new RegExp(`^${CROWD + 3} connections`))
      .waitFor();
  });
  afterAll(async () => {
    await view?.close();
    await crowd?.stop();
  });

  it("draws only the rows in view, of all that the scrollbar means", async () => {
    const table = page.getByRole("table", { name: "Connections" });
    expect(Number(await table.getAttribute("aria-rowcount"))).toBe(CROWD + 3 + 1);
    expect(await rows(page).count()).toBeLessThan(40);
    const { scrolls, row } = await page.locator(".vt").evaluate((box) => ({
      scrolls: box.scrollHeight,
      row: box.querySelector(".vt-row")?.getBoundingClientRect().height ?? 0,
    }));
    expect(scrolls).toBeCloseTo((CROWD + 3) * row + 32, -2);
  });

  it("pages by scrolling: every place gets its row, each connection once", async () => {
    const seen = new Map<number, string>();
    const box = page.locator(".vt");
    for (let top = 0; ; top += 400) {
      await box.evaluate((element, to) => element.scrollTo(0, to), top);
      await until(() => page.evaluate(rowsFillView), { what: "rows" });
      for (const [place, id] of await readPlaces(page)) seen.set(place, id);
      if (await box.evaluate((element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 1)) break;
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: CROWD + 3 }, (_, place) => place));
    expect(new Set(seen.values()).size).toBe(CROWD + 3);
    await page.locator(".list-foot").getByText("order held while scrolled").waitFor();
    await box.evaluate((element) => element.scrollTo(0, 0));
  });

  it("shows which rows closed, then lets them go", async () => {
    crowd.tell("close 50");
    await page
      .locator(".list-foot")
      .getByText(new RegExp(`^${CROWD + 3 - 50} connections`))
      .waitFor();
    await until(async () => (await page.locator('.vt-row[data-state="closed"]').count()) === 0, {
      what: "the gaps to close",
    });
  });

  it("says what to do where nobody says whose a connection is, and where there is no Socket.IO", async () => {
    await page.getByRole("tab", { name: /^Users/ }).click();
    await page.getByText("Nobody is known by name").waitFor();
    expect(await page.getByRole("tabpanel").locator("code").textContent()).toContain("getUser");
    await page.getByRole("tab", { name: "Namespaces" }).click();
    await page.getByText("No Socket.IO here").waitFor();
    await page.getByRole("tab", { name: "Connections" }).click();
  });

  it("says so when its process does not answer, and goes on when it does", async () => {
    await untilRows(page);
    crowd.tell("block 6000");
    await page
      .locator(".list-foot, .vt-none")
      .getByText(/did not answer/)
      .first()
      .waitFor();
    expect(await rows(page).count(), "what was known stays").toBeGreaterThan(0);
    await crowd.says(/unblocked/);
    await page
      .locator(".list-foot")
      .getByText(/did not answer/)
      .waitFor({ state: "detached" });
  });
});

/** Waits long: the machine may be busy with other things. */
function until(check: () => boolean | Promise<boolean>, { what }: { what: string }): Promise<boolean> {
  return untilSoon(check, { what, timeoutMs: 20_000 });
}

async function untilFocused(locator: Locator): Promise<void> {
  await until(() => isFocused(locator), { what: `the focus on ${locator}` });
}

/** Waits until the rows are those of what was asked for last. */
async function untilAnswered(page: Page): Promise<void> {
  await page.locator(".vt-frame:not([data-pending])").waitFor();
  await untilRows(page);
}

/** Connects to the ticker of the demo, whose token is no secret, as somebody. */
async function connectAs(app: string, user: string): Promise<WebSocket> {
  const client = new WebSocket(`${app.replace("http", "ws")}/ticker?user=${user}&token=open-sesame`);
  await once(client, "open");
  return client;
}

function rows(page: Page): Locator {
  return page.locator(".vt-row");
}

async function untilRows(page: Page): Promise<void> {
  await page.locator('.vt-row:not([data-state="unknown"])').first().waitFor();
}

/** Runs in the page: all that is in view of the table has a row, and each is known. */
function rowsFillView(): boolean {
  const view = document.querySelector(".vt")?.getBoundingClientRect();
  const rows = [...document.querySelectorAll<HTMLElement>(".vt-row")];
  const last = rows.at(-1)?.getBoundingClientRect();
  if (view === undefined || last === undefined || rows.some(({ dataset }) => dataset.state === "unknown")) return false;
  return last.bottom >= view.bottom - last.height;
}

/** What stands below a head, in the rows that are drawn. */
async function column(page: Page, name: string): Promise<readonly string[]> {
  const heads = (await page.getByRole("columnheader").allTextContents()).map((text) => text.trim());
  return page
    .locator(".vt-row")
    .evaluateAll((drawn, index) => drawn.map((row) => row.children[index]?.textContent ?? ""), heads.indexOf(name));
}

function isDescending(texts: readonly string[]): boolean {
  const figures = texts.map(Number).filter((figure) => !Number.isNaN(figure));
  return figures.length > 3 && figures.every((figure, index) => index === 0 || figure <= (figures[index - 1] ?? 0));
}

function readPlaces(page: Page): Promise<readonly (readonly [number, string])[]> {
  return page
    .locator(".vt-row")
    .evaluateAll((drawn) =>
      drawn.map((row) => [Number((row as HTMLElement).dataset.row), row.children[0]?.textContent ?? ""] as const),
    );
}

async function focusedPlace(page: Page): Promise<number> {
  return Number(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.place));
}

function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === document.activeElement);
}

async function visit(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.hash = "#/connections";
  });
  await untilRows(page);
  // Charts are made when they are first drawn.
  await page.locator(".plot canvas").first().waitFor();
  await page.evaluate(() => {
    location.hash = "#/settings";
  });
  await page.locator("#appearance").waitFor();
}

async function weigh(devtools: CDPSession): Promise<{ nodes: number; listeners: number; heapBytes: number }> {
  await devtools.send("Performance.enable");
  // Finalizers of one collection free what the next one takes away.
  for (let times = 0; times < 3; times++) await devtools.send("HeapProfiler.collectGarbage");
  const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const heapBytes = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Number.NaN;
  return { nodes, listeners: jsEventListeners, heapBytes };
}
