import {
  findPostgres,
  findRedis,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  until,
} from "@wsight/testkit";
import type { Locator, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, pressKey, readChart, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startApplication, startSources } from "./program.ts";
import { startProxy } from "./proxy.ts";

const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;
/** Where each view is, and what stands there when it does. */
const VIEWS = [
  { hash: "#/system", landmark: "Collectors" },
  { hash: "#/data", landmark: "Status" },
  { hash: "#/data?tab=cache", landmark: "Status" },
  { hash: "#/data?tab=network", landmark: "Status" },
] as const;

const sourcesMissing = findRedis() === null || findPostgres() === null;
if (sourcesMissing) console.warn("e2e: SKIPPED pages of sources: expected redis-server and PostgreSQL, found not both");

browserSuite("the pages System and Data & network", () => {
  const browser = useBrowser();

  describe.skipIf(sourcesMissing)("on a real application (needs redis-server and PostgreSQL)", () => {
    let redis: RedisServer;
    let postgres: PostgresServer;
    let app: Program;
    let session: string;
    let view: View;

    beforeAll(async () => {
      [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
      app = await startSources(redis.url, postgres.url);
      session = await signIn(app);
      view = await openView(browser(), app.port, { session });
      await goLive(view.page, app.port);
    }, 60_000);
    afterAll(async () => {
      await view?.close();
      await app?.stop();
      await Promise.all([redis?.stop(), postgres?.close()]);
    });

    it("count what was done with the database, by operation and by shape, and keep no literal", async () => {
      const { page } = view;
      await order(app, "read 40", "write 10", "fail 3");
      await show(page, "#/data", "Status");
      const shapes = table(page, "Statements by shape");
      await untilText(cell(shapes, "SELECT body FROM notes WHERE id = ?", "Calls"), "40");
      await untilText(cell(shapes, "INSERT INTO notes", "Calls"), "10");
      await untilText(cell(shapes, "SELECT * FROM nowhere", "Errors"), "3");
      const operations = table(page, "Operations");
      await untilText(cell(operations, "INSERT", "Total"), "10");
      expect(await page.locator("main").textContent()).not.toContain("secret-literal");
      await untilText(kpi(page, "Pool in use"), /of 4/);
      await untilText(kpi(page, "Status"), "Up");
      expectAbout(await columnOfChart(page, "Operations", 0), 43);
      expectAbout(await columnOfChart(page, "Operations", 1), 10);
      // On a phone no pointer rests on what was cut off.
      const wide = page.viewportSize();
      await page.setViewportSize({ width: 390, height: 844 });
      const shape = page.locator(".shape", { hasText: "SELECT body FROM notes" });
      expect(await shape.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
      if (wide !== null) await page.setViewportSize(wide);
    }, 60_000);

    it("count hits and misses of the cache, and what its server holds", async () => {
      const { page } = view;
      await show(page, "#/data?tab=cache", "Status");
      await order(app, "set apple 5", "get apple 30", "get nothing 10");
      await untilText(kpi(page, "Hit ratio, 1 min"), "75%");
      await untilText(kpi(page, "Keys"), "1");
      const commands = table(page, "Commands by name");
      await untilText(cell(commands, "GET", "Total"), "40");
      await untilText(cell(commands, "SET", "Total"), "5");
      expect(await kpi(page, "Memory").textContent()).toMatch(/^\d[\d.]*[kM]B$/);
      expect(await page.locator("main").textContent()).not.toContain("apple");
    }, 60_000);

    it("count requests by status, method and pattern of their route", async () => {
      const { page } = view;
      await show(page, "#/data?tab=network", "Status");
      await order(app, "request GET /users/tenant-42 21", "request POST /orders 6", "request GET /broken 3");
      const routes = table(page, "Requests by route");
      await untilText(cell(routes, "/users/:id", "Total"), "21");
      await untilText(cell(routes, "/orders", "Total"), "6");
      await untilText(cell(routes, "/broken", "Total"), "3");
      await untilText(kpi(page, "Failed"), "10%");
      expect(await page.locator("main").textContent()).not.toContain("tenant-42");
      expectAbout(await columnOfChart(page, "Replies by status", 0), 27);
      expectAbout(await columnOfChart(page, "Replies by status", 3), 3);
      const methods = page.getByRole("region", { name: "Methods" });
      expect(await methods.locator("li .mono").allTextContents()).toEqual(["GET", "POST"]);
      await page.getByRole("searchbox", { name: "Filter routes" }).fill("orders");
      await untilText(page.getByText("1 of 3 routes"), "1 of 3 routes");
    }, 60_000);

    it("show what the process and its host use, and list the processes, the monitored one among them", async () => {
      const { page } = view;
      await show(page, "#/system", "Collectors");
      const node = page.getByRole("region", { name: "Nodes" });
      await untilText(node.locator("dd").first(), /^\d[\d.]* %$/);
      await untilText(node.locator("dd").nth(1), /^\d+ MB$/);
      const rows = page.getByRole("table", { name: "Processes of the host" });
      await page.getByRole("searchbox", { name: "Search processes" }).fill(String(app.child.pid));
      await untilText(rows.locator(".vt-row").first().locator("td").first(), String(app.child.pid));
      await untilText(rows.locator(".vt-row .chip"), "this node");
      const collectors = table(page, "Cost of each collector");
      expect(await collectors.locator("tbody tr").count()).toBeGreaterThan(5);
      expect(await page.getByRole("region", { name: "Runtime" }).textContent()).toMatch(/Express 5\..*ioredis 6\./);
      await untilText(table(page, "File systems of the hosts").locator("tbody th").first(), /^\//);
    }, 60_000);

    it("ask for processes only while somebody can see them", async () => {
      const { page } = view;
      let asked = 0;
      const listener = (request: Request) => {
        if (new URL(request.url()).pathname.endsWith("/api/processes")) asked++;
      };
      page.on("request", listener);
      await show(page, "#/system", "Collectors");
      await page.getByRole("searchbox", { name: "Search processes" }).scrollIntoViewIfNeeded();
      await until(async () => asked >= 2, { what: "two questions" });
      await page.evaluate(() => scrollTo(0, 0));
      await page.getByRole("region", { name: "Nodes" }).waitFor();
      // One may be on its way.
      await page.waitForTimeout(500);
      const before = asked;
      await page.waitForTimeout(3000);
      expect(asked).toBe(before);
      page.off("request", listener);
    }, 60_000);

    it("a Redis that stops: its tile goes down, and only its tile", async () => {
      const { page } = view;
      await show(page, "#/overview", "Errors");
      const state = (kind: string) => page.locator(`.component[data-kind="${kind}"] .state-word`);
      for (const kind of ["database", "cache", "network", "system"]) await untilText(state(kind), "up");
      await redis.stop();
      try {
        await untilText(state("cache"), "down");
        await page
          .locator(".state")
          .getByText(/ioredis is down for \d+ s/)
          .waitFor();
        expect(await page.locator(".state h2").textContent()).toBe("Unhealthy");
        for (const kind of ["database", "network", "system"]) expect(await state(kind).textContent()).toBe("up");
        await keepPicture(page, "redis-down");
        await show(page, "#/data?tab=cache", "Status");
        await untilText(kpi(page, "Status"), "Down");
        // What a server that is away holds is not known, which is not nothing.
        await untilText(kpi(page, "Keys"), "–");
        const legend = (title: string, label: string) =>
          page.getByRole("figure", { name: title }).locator(".legend").getByText(label).locator("b");
        await untilText(legend("Evictions", "Evicted"), "–");
        await untilText(legend("Hit ratio", "All clients"), "–");
        await page.getByText("of the server, which tells nothing now").waitFor();
      } finally {
        await redis.start();
      }
      await show(page, "#/overview", "Errors");
      await untilText(state("cache"), "up");
    }, 60_000);

    it("one process of several that stops: what it reports is hatched and its values gone, the others' are not", async () => {
      const { page } = view;
      await order(app, "set pear 2", "join");
      await show(page, "#/system", "Collectors");
      const nodeCard = page.locator(".node-card", { hasText: "web-2" });
      await untilText(nodeCard.locator("dd").nth(1), /^\d+ MB$/);
      await order(app, "freeze");
      try {
        await nodeCard.getByText(/last sample \d+ s ago/).waitFor();
        expect(await nodeCard.locator("dd").allTextContents()).toEqual(["–", "–", "–", "–"]);
        // Nobody knows whether it still runs.
        expect(await nodeCard.locator("h2").textContent()).not.toMatch(/\bup\b/);
        expect(await page.locator(".runtimes li", { hasText: "web-2" }).textContent()).toMatch(/silent for \d+ s/);
        expect(await page.locator(".node-card", { hasText: "web-1" }).locator("dd").nth(1).textContent()).toMatch(/MB/);
        const collectors = table(page, "Cost of each collector");
        await collectors.getByText("web-1").first().waitFor();
        expect(await collectors.getByText("web-2").count()).toBe(0);
        await show(page, "#/data?tab=cache", "Status");
        const members = table(page, "Status of each");
        await members
          .locator("tr.hatched", { hasText: "web-2" })
          .getByText(/last sample \d+ s ago/)
          .waitFor();
        expect(await members.locator("tr.hatched").count()).toBe(1);
        await untilText(kpi(page, "Status"), "Up1 of 2");
        await untilText(kpi(page, "Keys"), /^[12]$/);
        await show(page, "#/overview", "Errors");
        await untilText(page.locator('.component[data-kind="cache"] .state-word'), "1 of 2 silent");
        await page
          .locator(".state")
          .getByText(/web-2 silent for \d+ s/)
          .waitFor();
        await page.evaluate(() => {
          location.hash = "#/data?tab=cache&node=shop/web-2";
        });
        await page.locator(".kpi[data-stale]").first().waitFor();
        for (const figure of await page.locator(".kpi-value").allTextContents()) expect(figure).toBe("–");
        expect(await checkEverywhere(page, "stale", "&node=shop/web-2")).toEqual([]);
      } finally {
        await order(app, "thaw");
      }
      await page.evaluate(() => {
        location.hash = "#/overview";
      });
      await untilText(page.locator('.component[data-kind="cache"] .state-word'), "up");
    }, 90_000);

    it("are reached by keyboard, by palette and by the tabs of a phone", async () => {
      const { page } = view;
      await pressKey(page, "g");
      await page.keyboard.press("s");
      await page.getByRole("heading", { level: 1, name: "System" }).waitFor();
      await pressKey(page, "g");
      await page.keyboard.press("d");
      await page.getByRole("heading", { level: 1, name: "Data & network" }).waitFor();
      await page.getByRole("tab", { name: "Database" }).focus();
      await page.keyboard.press("ArrowRight");
      await page.getByRole("tab", { name: "Cache", selected: true }).waitFor();
      expect(page.url()).toContain("tab=cache");
      await page.keyboard.press("End");
      await page.getByRole("tab", { name: "Network", selected: true }).waitFor();
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole("button", { name: "Platform" }).click();
      await page.getByRole("menuitem", { name: "System" }).click();
      await page.getByRole("heading", { level: 1, name: "System" }).waitFor();
      await page.setViewportSize({ width: 1440, height: 1000 });
    });

    it("have nothing that axe objects to, live, paused and offline, and nothing wider than the window", async () => {
      const proxy = await startProxy(app.port);
      const other = await openView(browser(), proxy.port, { session, reducedMotion: "reduce" });
      await goLive(other.page, proxy.port, "#/system");
      const found = await checkEverywhere(other.page, "live");
      await pressKey(other.page, "Space");
      await untilStatus(other.page, "Paused");
      found.push(...(await checkEverywhere(other.page, "paused")));
      await pressKey(other.page, "Space");
      proxy.cut();
      await untilStatus(other.page, "Reconnecting");
      found.push(...(await checkEverywhere(other.page, "offline")));
      expect(found).toEqual([]);
      expect(other.trouble.policy).toEqual([]);
      await other.close();
      await proxy.close();
    }, 120_000);
  });

  it("say why they are empty, with the lines to paste, and axe has nothing to object to", async () => {
    const empty = await startApplication({ watched: true });
    const { page, close } = await openView(browser(), empty.port, {
      session: await signIn(empty),
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await goLive(page, empty.port, "#/data");
    const lines = [
      ["Database", /await monitor\(\{ wss, pool \}\)/],
      ["Cache", /await monitor\(\{ wss, redis \}\)/],
      ["Network", /await monitor\(\{ wss, app \}\)/],
    ] as const;
    for (const [tab, line] of lines) {
      await page.getByRole("tab", { name: tab }).click();
      const why = page.getByRole("region", { name: "Why this is empty" });
      await why.getByText(line).first().waitFor();
      await why.getByRole("button", { name: /^Copy/ }).first().click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(line);
      expect(await findBreaches(page), tab).toEqual([]);
    }
    await page.getByRole("tab", { name: "Database" }).click();
    await page.getByText("$extends(prismaExtension())").waitFor();
    // Nothing is known of what is not watched: no tile says that it is well.
    await show(page, "#/overview", "Errors");
    await untilText(page.locator('.component[data-kind="database"] .state-word'), "not attached");
    await close();
    await empty.stop();
  }, 60_000);
});

/** Has the application do things one after the other, and waits until they are done. */
async function order(app: Program, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const done = app.says(/done/);
    app.tell(line);
    await done;
  }
}

async function show(page: Page, hash: string, landmark: string): Promise<void> {
  await page.evaluate((next) => {
    location.hash = next;
  }, hash);
  await page.getByRole("heading", { level: 2, name: landmark, exact: true }).last().waitFor();
}

function table(page: Page, name: string): Locator {
  return page.getByRole("region", { name, exact: true }).getByRole("table");
}

/** The cell of a row, found by what its head says, under a column. */
function cell(of: Locator, head: string, column: string): Locator {
  const row = of.locator("tbody tr").filter({ has: of.page().locator("th", { hasText: head }) });
  return row.locator(
    `xpath=./*[count(ancestor::table[1]/thead/tr/th[normalize-space()="${column}"]/preceding-sibling::th)+1]`,
  );
}

/** The figure of a card in the row of such. */
function kpi(page: Page, title: string): Locator {
  return page.getByRole("article", { name: title, exact: true }).locator(".kpi-value");
}

async function untilText(locator: Locator, expected: string | RegExp): Promise<void> {
  let last = "";
  await until(
    async () => {
      last =
        (
          await locator
            .first()
            .textContent()
            .catch(() => null)
        )
          ?.replaceAll(/\s+/g, " ")
          .trim() ?? "";
      return typeof expected === "string" ? last === expected : expected.test(last);
    },
    { what: `"${expected}"`, timeoutMs: 20_000 },
  ).catch((cause) => {
    throw new Error(`expected ${expected}, got "${last}"`, { cause });
  });
}

/** Rates are per second of the time that a sample really covered, and shown in two digits: their sum is near the count. */
function expectAbout(value: number, count: number): void {
  expect(Math.abs(value - count)).toBeLessThanOrEqual(Math.max(1, count * 0.2));
}

/** What one line of a chart counted in the window: rates per second of single seconds, added up. */
async function columnOfChart(page: Page, title: string, line: number): Promise<number> {
  const rows = await readChart(page, title, 8);
  const sum = rows.reduce((total, { texts }) => {
    const value = Number.parseFloat(texts[line] ?? "");
    return Number.isNaN(value) ? total : total + value;
  }, 0);
  return Math.round(sum);
}

async function checkEverywhere(page: Page, state: string, more = ""): Promise<string[]> {
  const found: string[] = [];
  for (const { hash, landmark } of VIEWS) {
    if (more === "") await show(page, hash, landmark);
    else {
      await page.evaluate(
        (next) => {
          location.hash = next;
        },
        `${hash}${hash.includes("?") ? more : more.replace("&", "?")}`,
      );
      await page.locator(".kpi[data-stale], .node-card[data-stale], .how-to").first().waitFor();
    }
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        const breaches = await findBreaches(page);
        await keepPicture(page, `${state}${hash.replaceAll(/\W+/g, "-")}-${theme}-${width}`);
        found.push(...breaches.map((breach) => `${state}, ${hash}, ${theme}, ${width} px: ${breach}`));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${state}, ${hash}, ${width} px: wider than the window by ${wide} px`);
      }
    }
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
  return found;
}
