import { until } from "@wsight/testkit";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, passSeconds, pressKey, signIn, untilStatus } from "./dashboard.ts";
import { type Program, startApplication, startDemo } from "./program.ts";

const PAGES = ["messages", "performance", "setup"] as const;
const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;
/** At most what one page has. */
const ONE_PAGE_NODES = 900;
const ONE_PAGE_LISTENERS = 60;
/** A card of each page that stands when the page does. */
const LANDMARKS = { messages: "Live tail", performance: "Slow events", setup: "What was found" } as const;

interface Summary {
  readonly messages: {
    readonly rate_1m: number;
    readonly rate_5m: number;
    readonly latency: { readonly p50: number; readonly p95: number; readonly max: number };
  };
  readonly errors: { readonly rate: number; readonly by_type: Readonly<Record<string, number>> };
}

browserSuite("the pages Messages, Performance and Setup", () => {
  const browser = useBrowser();
  let demo: Program;
  let session: string;
  let view: View;

  beforeAll(async () => {
    demo = await startDemo();
    session = await signIn(demo);
    view = await openView(browser(), demo.port, { session });
    await goLive(view.page, demo.port);
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });

  it("show the figures of /api/websocket/metrics/", async () => {
    const { page } = view;
    await show(page, "messages");
    await untilNear(page, async ({ messages, errors }) => [
      [await rateOf(page, "In and out", 0), messages.rate_1m],
      [await rateOf(page, "In and out", 1), messages.rate_5m],
      [await rateOf(page, "Errors", 0), errors.rate],
      [await tallyOf(page), Object.values(errors.by_type).reduce((sum, count) => sum + count, 0)],
    ]);
    await show(page, "performance");
    // In its first minute the process has no latency but that of the last minute, which the page shows.
    await untilNear(page, async ({ messages: { latency } }) => [
      [await secondsOf(page, "Latency p50"), latency.p50 / 1000],
      [await secondsOf(page, "Latency p95"), latency.p95 / 1000],
      [await secondsOf(page, "Latency max"), latency.max / 1000],
    ]);
  }, 60_000);

  it("list types that can be sorted and filtered, each with what it costs", async () => {
    const { page } = view;
    await show(page, "messages");
    const table = page.getByRole("region", { name: "Types of messages" });
    await table
      .getByRole("rowheader", { name: /chat:message/ })
      .first()
      .waitFor();
    expect(await table.locator("tbody tr").count()).toBeGreaterThan(10);
    await table.getByRole("button", { name: "Total" }).click();
    const totals = async () =>
      (await table.locator("tbody tr > :nth-child(5)").allTextContents()).map((text) =>
        Number(text.replaceAll(",", "")),
      );
    await until(async () => isDescending(await totals()), { what: "types by total", timeoutMs: 10_000 });
    expect(await table.getByRole("columnheader", { name: "Total" }).getAttribute("aria-sort")).toBe("descending");
    await page.getByRole("searchbox", { name: "Filter types by name" }).fill("typing");
    await page.getByRole("radio", { name: "Out" }).check();
    await table.locator("tbody tr").nth(1).waitFor({ state: "detached" });
    expect(await table.locator("tbody tr").textContent()).toMatch(/chat:typing.*out/);
    await page.getByRole("searchbox", { name: "Filter types by name" }).fill("");
    await page.getByRole("radio", { name: "Both" }).check();
    await page.locator(".error-groups summary").first().click();
    expect(await page.locator(".error-groups details[open] .fine").textContent()).toContain("demo/web-1");
  });

  it("show real messages while the tail is on, still while somebody points at them, and none after", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    const said: string[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => said.push(String(payload))));
    const wishes = () => said.filter((text) => text.includes('"type":"tail"')).map((text) => JSON.parse(text).tail);
    await goLive(page, demo.port, "#/messages?tail=dir:in");
    const tail = page.getByRole("region", { name: "Live tail" });
    const search = tail.getByRole("searchbox");
    const rows = tail.locator(".tail-row");
    await search.waitFor();
    expect(await search.inputValue()).toBe("dir:in");
    expect(wishes()).toEqual([]);

    await search.fill("connection:many");
    await tail.getByText(/connection: expected a number/).waitFor();
    expect(await tail.getByRole("switch", { name: "Live tail" }).isDisabled()).toBe(true);
    await search.fill("dir:in chat");
    await tail.getByRole("switch", { name: "Live tail" }).check();
    await rows.nth(8).waitFor();
    expect(wishes()).toEqual([{ search: "dir:in chat", node: null, perSecond: 10 }]);
    for (const text of await rows.allTextContents()) expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3}in chat:.*•••/);

    await rows.nth(5).hover();
    await tail.getByText(/^\d+ held$/).waitFor();
    const still = await rows.allTextContents();
    await passSeconds(page, 2);
    expect(await rows.allTextContents()).toEqual(still);
    await page.mouse.move(0, 0);
    await until(async () => (await rows.first().textContent()) !== still[0], { what: "newer messages" });

    await tail.locator(".tail-list").evaluate((list) => list.scrollTo({ top: 60 }));
    await tail.getByRole("button", { name: /held · show/ }).click();
    expect(await tail.locator(".tail-list").evaluate((list) => list.scrollTop)).toBe(0);
    await tail.getByText(/held/).waitFor({ state: "detached" });

    await rows.first().click();
    const details = tail.getByRole("region", { name: "Message", exact: true });
    expect(await details.textContent()).toMatch(/Event.*chat:.*Connection#\d+/);
    await details.getByText('tailFields: ["room", "type"]').waitFor();
    await details.getByRole("button", { name: "Close" }).click();

    await page.mouse.move(0, 0);
    await show(page, "performance");
    expect(wishes().at(-1)).toBe(null);
    await show(page, "messages");
    expect(await tail.getByRole("switch").isChecked()).toBe(false);
    await close();
  }, 60_000);

  it("list the single events of a cell of the heatmap, by keyboard", async () => {
    const { page } = view;
    await show(page, "performance");
    const heat = page.getByRole("application", { name: /^Latency distribution/ });
    const chip = page.getByRole("region", { name: "Slow events", exact: true }).locator(".chip");
    await heat.focus();
    await page.keyboard.press("End");
    for (let steps = 0; steps < 3; steps++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await chip.waitFor();
    const [, from = "", to = ""] =
      /^(\d\d:\d\d:\d\d) – (\d\d:\d\d:\d\d) · .+ to .+$/.exec((await chip.textContent()) ?? "") ?? [];
    expect(from < to).toBe(true);
    await page.locator(".heat-chosen").waitFor();
    const list = page.locator("section:has(> .card-head h2:text-is('Slow events'))");
    const times = await list.locator("tbody time").allTextContents();
    for (const time of times) expect(time >= from && time < to).toBe(true);
    if (times.length === 0) await list.getByText("No single event of this cell was kept").waitFor();
    await list.getByRole("button", { name: "Show all" }).click();
    await chip.waitFor({ state: "detached" });
    expect(await list.locator("tbody tr").count()).toBeGreaterThan(5);
    const link = list.getByRole("link", { name: /^#\d+$/ }).first();
    expect(await link.getAttribute("href")).toMatch(/#\/connections\?open=demo\/web-1\/\d+$/);
  });

  it("read a scatter plot by keyboard, and as a table", async () => {
    const { page } = view;
    await show(page, "performance");
    const plot = page.getByRole("application", { name: /^Broadcast time by recipients/ });
    await plot.focus();
    await page.keyboard.press("Home");
    const said = page.locator("p[role=status][aria-live=polite]");
    await until(async () => /recipients, .*demo\/web-1/.test((await said.textContent()) ?? ""), {
      what: "a point read",
    });
    await page.getByRole("button", { name: "Broadcast time by recipients: more" }).click();
    await page.getByRole("menuitem", { name: "View data table" }).click();
    const dialog = page.getByRole("dialog", { name: "Broadcast time by recipients" });
    await dialog.getByRole("table").waitFor();
    expect(await dialog.getByRole("columnheader").allTextContents()).toEqual([
      "Time",
      "recipients",
      "time",
      "Namespace",
      "Note",
    ]);
    await page.keyboard.press("Escape");
  });

  it("copy the line that mends a check", async () => {
    const { page, close } = await openView(browser(), demo.port, {
      session,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await goLive(page, demo.port);
    await show(page, "setup");
    const fix = page.locator(".fix").filter({ has: page.getByRole("button", { name: /^Copy/ }) });
    await fix.first().waitFor();
    const line = await fix.first().locator("code").textContent();
    await fix.first().getByRole("button", { name: /^Copy/ }).click();
    await page.locator(".toast").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(line);
    await page.getByRole("region", { name: "This browser" }).getByText("Figures come over a WebSocket").waitFor();
    await page.getByText(/^checked \d+ s ago/).waitFor();
    await page.getByRole("button", { name: "Check again" }).click();
    await page.getByText(/^checked [01] s ago/).waitFor();
    await close();
  });

  it("are reached from each other with node and window kept", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    await goLive(page, demo.port, "#/messages?w=15m&node=demo/web-1");
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Performance" }).click();
    await page.getByRole("heading", { level: 1, name: "Performance" }).waitFor();
    expect(new URL(page.url()).hash).toBe("#/performance?w=15m&node=demo/web-1");
    await page
      .getByText(/, all nodes$|, all nodes ·/)
      .first()
      .waitFor();
    await close();
  });

  it("have nothing that axe objects to, in both themes and on every width", async () => {
    const { page } = view;
    const found: string[] = [];
    await show(page, "messages");
    await page.getByRole("switch", { name: "Live tail" }).check();
    for (const id of PAGES) {
      if (id !== "messages") await show(page, id);
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          await passSeconds(page, 1);
          await keepPicture(page, `${id}-${theme}-${width}`);
          const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (tooWide > 0) found.push(`${id}, ${width} px: ${tooWide} px too wide`);
          const breaches = await findBreaches(page);
          found.push(...breaches.map((breach) => `${id}, ${theme}, ${width} px: ${breach}`));
        }
      }
    }
    await page.setViewportSize({ width: 1440, height: 1000 });
    expect(found).toEqual([]);
  }, 120_000);

  it.each(PAGES)(
    "let the keyboard reach every control of %s and leave it again",
    async (id) => {
      const { page } = view;
      await show(page, id);
      await pressKey(page, "Space");
      await untilStatus(page, "Paused");
      const wanted = await page.evaluate(countControls);
      await page.locator("main").focus();
      const reached = new Set<string>();
      let left = false;
      for (let presses = 0; presses < wanted + 40 && !left; presses++) {
        await page.keyboard.press("Tab");
        const place = await page.evaluate(nameFocus);
        if (place === null) left = true;
        else reached.add(place);
      }
      expect(left).toBe(true);
      expect(reached.size).toBeGreaterThanOrEqual(wanted);
      await pressKey(page, "Space");
      await untilStatus(page, "Live");
    },
    60_000,
  );

  it("hold on to nothing after walks between them", async () => {
    const { page, close } = await openView(browser(), demo.port, { session });
    await goLive(page, demo.port);
    await pressKey(page, "Space");
    await untilStatus(page, "Paused");
    const devtools = await page.context().newCDPSession(page);
    const walk = async () => {
      for (const id of PAGES) await show(page, id);
    };
    for (let times = 0; times < 4; times++) await walk();
    const before = await weigh(devtools);
    for (let times = 0; times < 10; times++) await walk();
    const after = await weigh(devtools);
    console.log(`e2e: before ${JSON.stringify(before)}, after 30 navigations ${JSON.stringify(after)}`);
    // V8 may keep the last uPlot that it looked at when optimising, and with it one page; thirty would be a leak.
    expect(after.nodes - before.nodes).toBeLessThan(ONE_PAGE_NODES);
    expect(after.listeners - before.listeners).toBeLessThan(ONE_PAGE_LISTENERS);
    await close();
  }, 90_000);

  it("say why they are empty and what to paste where nothing is watched", async () => {
    const empty = await startApplication({ watched: false });
    const { page, trouble, close } = await openView(browser(), empty.port, { session: await signIn(empty) });
    await goLive(page, empty.port);
    for (const id of ["messages", "performance"] as const) {
      await show(page, id);
      const main = page.getByRole("main");
      await main.getByText("await monitor({ wss })").first().waitFor();
      expect(await main.locator(".kpi-value").allTextContents()).not.toContain("0/s");
      await keepPicture(page, `${id}-empty`);
      expect(await findBreaches(page)).toEqual([]);
    }
    await show(page, "setup");
    await page.getByRole("heading", { level: 2, name: "What is missing" }).waitFor();
    await keepPicture(page, "setup-empty");
    expect(await findBreaches(page)).toEqual([]);
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
    await close();
    await empty.stop();
  }, 60_000);

  it("complained of nothing on the way", () => {
    expect(view.trouble).toEqual({ console: [], policy: [], foreign: [] });
  });

  /** Waits for a moment in which each figure shown is within 6 % of the one of the API. */
  async function untilNear(
    page: Page,
    pairs: (summary: Summary) => Promise<readonly (readonly [shown: number, told: number])[]>,
  ): Promise<void> {
    let last: unknown;
    await until(
      async () => {
        const response = await fetch(`http://127.0.0.1:${demo.port}/api/websocket/metrics/`, {
          headers: { cookie: session },
        });
        const summary = (await response.json()) as Summary;
        last = await pairs(summary);
        return (last as readonly (readonly [number, number])[]).every(
          ([shown, told]) => told > 0 && Math.abs(shown - told) <= told * 0.06,
        );
      },
      { what: "page and API saying the same", timeoutMs: 25_000 },
    ).catch(() => expect(last, `${page.url()}: shown and told`).toBe("near"));
  }
});

async function show(page: Page, id: (typeof PAGES)[number]): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${id}`);
  await page.getByRole("heading", { level: 2, name: LANDMARKS[id] }).waitFor();
}

/** A cell of the table of rates, in units a second or a minute. */
async function rateOf(page: Page, row: string, column: number): Promise<number> {
  const text = await page
    .getByRole("row", { name: new RegExp(`^${row} `) })
    .getByRole("cell")
    .nth(column)
    .textContent();
  return parse(text ?? "");
}

/** Errors of all types together. */
async function tallyOf(page: Page): Promise<number> {
  const texts = await page
    .locator("section:has(> .card-head h2:text-is('Errors by type')) .tally li > span:nth-child(2)")
    .evaluateAll((cells) => cells.map((cell) => cell.firstChild?.textContent ?? ""));
  return texts.reduce((sum, text) => sum + parse(text), 0);
}

const SECONDS: Readonly<Record<string, number>> = { µs: 1e-6, ms: 1e-3, s: 1 };

async function secondsOf(page: Page, title: string): Promise<number> {
  const text = (await page.getByRole("article", { name: title }).locator(".kpi-value").textContent()) ?? "";
  const [, digits = "", unit = ""] = /^([\d.]+)(\D+)$/.exec(text) ?? [];
  return Number(digits) * (SECONDS[unit] ?? Number.NaN);
}

/** The number at the front of a text: `1.2k/s`, `10,730`. */
function parse(text: string): number {
  const [, digits = "", letter = ""] = /^([\d,.]+)([kM]?)/.exec(text) ?? [];
  return Number(digits.replaceAll(",", "")) * ({ k: 1e3, M: 1e6 }[letter] ?? 1);
}

function isDescending(values: readonly number[]): boolean {
  return values.length > 1 && values.every((value, i) => i === 0 || value <= (values[i - 1] ?? 0));
}

/** Runs in the page: how many controls of its content the Tab key has to reach. */
function countControls(): number {
  const all = document.querySelectorAll<HTMLElement>(
    "main :is(a[href], button, input, select, textarea, summary, [tabindex='0'])",
  );
  const radios = new Set<string>();
  let count = 0;
  for (const element of all) {
    if (!element.checkVisibility() || element.matches(":disabled") || element.tabIndex < 0) continue;
    if (element instanceof HTMLInputElement && element.type === "radio") radios.add(element.name);
    else count++;
  }
  return count + radios.size;
}

/** Runs in the page: which control of the content has the focus, `null` when none has. */
function nameFocus(): string | null {
  const { activeElement } = document;
  if (activeElement === null || activeElement.closest("main") === null) return null;
  const all = [...document.querySelectorAll("main *")];
  return String(all.indexOf(activeElement));
}

interface Weight {
  readonly nodes: number;
  readonly listeners: number;
}

/** What the page holds once everything that may go has gone. */
async function weigh(devtools: CDPSession): Promise<Weight> {
  for (let times = 0; times < 3; times++) await devtools.send("HeapProfiler.collectGarbage");
  const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
  return { nodes, listeners: jsEventListeners };
}
