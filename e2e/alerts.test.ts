import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, pressKey, signIn } from "./dashboard.ts";
import { type Program, runWsight, startDemo } from "./program.ts";

const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

/** Fires as soon as it is there: a demo always has connections. */
const CROWDED = {
  id: "crowded",
  name: "Crowded house",
  metric: "websocket.server.active_connections",
  agg: "last",
  groupBy: ["node"],
  op: "gt",
  warn: 0,
  crit: 1_000_000,
  recovery: 0,
  forSec: 0,
  keepFiringSec: 0,
  everySec: 1,
  labels: { team: "chat" },
};

browserSuite("the page Alerts", () => {
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

  it("is reached by two keys, and says what it is for while nobody is told of anything", async () => {
    const { page } = view;
    await pressKey(page, "g");
    await page.keyboard.press("a");
    await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
    await openTab(page, "Channels");
    await page.getByText("Nobody is told yet").waitFor();
    await page.getByText("nobody: there is no channel yet").waitFor();
    await openTab(page, "Silences");
    await page.getByText("Nothing is silenced").waitFor();
    await openTab(page, "History");
    await page
      .getByText(/Nothing fired in this time|goes on|recovered/)
      .first()
      .waitFor();
  });

  it("adds a way to tell people, tries it, and sends at once what used to wait", async () => {
    const { page } = view;
    await openTab(page, "Channels");
    await page.getByRole("button", { name: "Add channel" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "File", exact: true }).click();
    const form = page.getByRole("dialog", { name: "New channel: File" });
    await form.getByLabel("Name", { exact: true }).fill("Duty log");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Send test to Duty log" }).click();
    await page.getByText(/^Delivered in \d+ ms/).waitFor();
    expect((await told(demo)).map(({ kind }) => kind)).toEqual(["test"]);
    await page.getByRole("button", { name: /^Route to .*: more$/ }).click();
    await page.getByRole("menuitem", { name: "Change…" }).click();
    const route = page.getByRole("dialog", { name: "What no other route takes" });
    await route.getByLabel("Wait for others, s").fill("0");
    await route.getByLabel("At most every, s").fill("10");
    await route.getByRole("button", { name: "Save" }).click();
    await page.getByText("at once, then at most every 10 s").waitFor();
  });

  it("shows an alert within seconds of its first breach, and how many there are beside the link", async () => {
    const { page } = view;
    await openTab(page, "Active");
    await send(page, "POST", "rules", CROWDED);
    const item = alert(page);
    await item.getByText(/above 0/).waitFor();
    expect(await item.locator(".alert-figures").textContent()).toMatch(/^now\d+worst\d+limit0$/);
    await item.getByText("node demo/web-1").waitFor();
    await badge(page)
      .filter({ hasText: /^[1-9]/ })
      .waitFor();
    await until(async () => (await told(demo)).some(({ kind }) => kind === "firing"), { what: "a notice in the file" });
  });

  it("lets somebody say that they look after it", async () => {
    const { page } = view;
    const item = alert(page);
    await item.getByRole("button", { name: "Acknowledge Crowded house" }).click();
    await page.getByLabel(/^Note/).fill("A launch party");
    await page.getByRole("dialog").getByRole("button", { name: "Acknowledge" }).click();
    const quiet = page.getByRole("region", { name: "Firing, and nobody is told" });
    await quiet.getByText(/^acknowledged by /).waitFor();
    expect(await item.getByRole("button", { name: /^Acknowledge/ }).count()).toBe(0);
  });

  it("tells in a drawer what happened, with an address of its own", async () => {
    const { page } = view;
    await alert(page).getByRole("button", { name: "Crowded house", exact: true }).click();
    const drawer = page.locator("dialog.drawer");
    const course = drawer.locator(".course");
    await course.getByText("A launch party").waitFor();
    await course.getByText("Duty log was told “fired”").waitFor();
    expect(page.url()).toMatch(/#\/alerts\?alert=\w{26}$/);
    await drawer.getByRole("button", { name: "Crowded house: more" }).click();
    await page.getByRole("menuitem", { name: "Write a note…" }).click();
    await page.getByLabel("Note", { exact: true }).fill("All of them are guests");
    await page.getByRole("button", { name: "Add note" }).click();
    await course.getByText("All of them are guests").waitFor();
    expect(await findBreaches(page)).toEqual([]);
    await keepPicture(page, "alerts-drawer");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  });

  it("opens the moment of an alert on the page of its figure", async () => {
    const { page } = view;
    const href = await alert(page)
      .getByRole("link", { name: /^Open at / })
      .getAttribute("href");
    expect(href).toMatch(/#\/connections\?node=demo\/web-1&from=\d+&to=\d+$/);
  });

  it("snoozes an alert and wakes it", async () => {
    const { page } = view;
    const item = alert(page);
    await item.getByRole("button", { name: "Snooze Crowded house" }).click();
    await page.getByRole("menuitem", { name: "For 1 hour" }).click();
    await item.getByText(/^snoozed until \d\d:\d\d$/).waitFor();
    await item.getByRole("button", { name: "Wake Crowded house" }).click();
    await item.getByText(/^snoozed until/).waitFor({ state: "detached" });
  });

  it("silences all that is like an alert, and says so in both places", async () => {
    const { page } = view;
    const item = alert(page);
    await item.getByRole("button", { name: "Snooze Crowded house" }).click();
    await page.getByRole("menuitem", { name: "Silence all like it…" }).click();
    const form = page.getByRole("dialog", { name: "New silence" });
    await form.getByText("1 alert of now matches.").waitFor();
    await form.getByLabel("Why").fill("Guests are welcome");
    await form.getByRole("button", { name: "Save" }).click();
    await item.getByText(/^silenced until/).waitFor();
    await openTab(page, "Silences");
    await page.getByText("rule = crowded").waitFor();
    await page.getByText(/^Silence by .*: Guests are welcome$/).waitFor();
  });

  it("plans maintenance that comes again, by the wall clock of a zone", async () => {
    const { page } = view;
    await page.getByRole("button", { name: "Plan maintenance" }).click();
    const form = page.getByRole("dialog", { name: "New maintenance window" });
    await form.getByLabel(/^Starts/).fill("2036-03-29T02:30");
    await form.getByLabel("Time zone").fill("Europe/Nowhere");
    await form.getByText("Weekly").click();
    await form.getByLabel("Monday").check();
    await form.getByRole("button", { name: "Save" }).click();
    // The hub knows the zones, and says which field is wrong.
    await form.locator(".labelled .mistake", { hasText: "expected an IANA time zone" }).waitFor();
    await form.getByLabel("Time zone").fill("Europe/Berlin");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText(/every Monday and Saturday at 02:30 for 2 h, Europe\/Berlin/).waitFor();
    await page.getByRole("button", { name: /^Delete/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText(/every Monday and Saturday/).waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^End/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
    await page.getByText("Nothing is silenced").waitFor();
  });

  it("marks in red what could not be delivered, wherever one looks, and tries it again", async () => {
    const { page } = view;
    // An address that the hub must not call: it is given up at once.
    await send(page, "POST", "channels", { name: "Dead end", type: "webhook", config: { url: "http://127.0.0.1:9/" } });
    await send(page, "POST", "rules", { ...CROWDED, id: "crowded-too", name: "Crowded too" });
    await openTab(page, "Active");
    await page.getByText(/^[1-9]\d* notices? could not be delivered\.$/).waitFor({ timeout: 40_000 });
    await badge(page).filter({ hasText: "not delivered" }).waitFor();
    await page.getByRole("link", { name: /^Look at (it|them)$/ }).click();
    const letters = page.locator(".dead-letters");
    await letters.getByRole("link", { name: "Crowded too" }).first().waitFor();
    await letters
      .getByText(/Dead end/)
      .first()
      .waitFor();
    expect(await page.getByRole("listitem").filter({ hasText: "Dead end" }).getByText("fails").count()).toBe(1);
    expect(await findBreaches(page)).toEqual([]);
    await letters.getByRole("button", { name: "Try all again" }).click();
    await page.getByText("They are tried again").waitFor();
    await letters
      .getByRole("button", { name: /^Dismiss\s*: Crowded too to Dead end/ })
      .first()
      .click();
    await page.getByText("Dismissed", { exact: true }).waitFor();
  });

  it("has nothing that axe objects to, in every tab, width and theme, and nothing wider than the window", async () => {
    const { page } = view;
    for (const tab of ["Active", "History", "Silences", "Channels"]) {
      await openTab(page, tab);
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 1000 });
          expect(await findBreaches(page), `${tab}, ${theme}, ${width} px`).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
          await keepPicture(page, `alerts-${tab.toLowerCase()}-${theme}-${width}`);
        }
      }
    }
  }, 120_000);

  it("shows people who may not change anything no button that would", async () => {
    const token = await runWsight(["token", "--role", "viewer", "--sub", "ada", "--data", demo.data]);
    const viewer = await openView(browser(), demo.port);
    const { page } = viewer;
    await page.goto(`http://127.0.0.1:${demo.port}/dashboard#/alerts`);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await alert(page).waitFor();
    expect(await page.getByRole("button", { name: /^(Acknowledge|Snooze|Wake)|: more$/ }).count()).toBe(0);
    await alert(page).getByRole("button", { name: "Crowded house", exact: true }).click();
    await page.locator("dialog.drawer").getByText("A launch party").waitFor();
    await page.keyboard.press("Escape");
    await openTab(page, "Channels");
    await page.getByRole("heading", { name: /^Duty log/ }).waitFor();
    await openTab(page, "Silences");
    await page.getByText("Nothing is silenced").waitFor();
    await openTab(page, "Channels");
    await page.getByRole("heading", { name: /^Duty log/ }).waitFor();
    const buttons = await page.getByRole("main").getByRole("button").allTextContents();
    expect(buttons).toEqual([]);
    expect(viewer.trouble.console.filter((text) => !text.includes("401"))).toEqual([]);
    await viewer.close();
  });

  it("ends an alert by hand, and keeps it in the history", async () => {
    const { page } = view;
    await openTab(page, "Active");
    await alert(page).getByRole("button", { name: "Crowded house: more" }).click();
    await page.getByRole("menuitem", { name: "Resolve by hand…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
    await alert(page).waitFor({ state: "detached" });
    await openTab(page, "History");
    const row = page.getByRole("row").filter({ hasText: "Crowded house" });
    await row.getByText("resolved by hand").waitFor();
    expect(await row.textContent()).toContain("a note");
    await until(async () => (await told(demo)).some(({ kind }) => kind === "resolved"), {
      what: "the end in the file",
      timeoutMs: 20_000,
    });
    expect(view.trouble.policy).toEqual([]);
    expect(view.trouble.foreign).toEqual([]);
    expect(view.trouble.console.filter((text) => !/status of 400/.test(text))).toEqual([]);
  });
});

async function openTab(page: Page, name: string): Promise<void> {
  const tab = page.getByRole("tab", { name: new RegExp(`^${name}`) });
  await tab.click();
  await until(async () => (await tab.getAttribute("aria-selected")) === "true", { what: `the tab ${name}` });
}

/** The alert of {@link CROWDED} in the list. */
function alert(page: Page): Locator {
  return page.locator(".alert").filter({ has: page.getByRole("button", { name: "Crowded house", exact: true }) });
}

function badge(page: Page): Locator {
  return page
    .getByRole("complementary", { name: "Product" })
    .getByRole("link", { name: /^Alerts/ })
    .locator(".nav-badge");
}

/** Asks the hub in the name of who looks at the page. */
async function send(page: Page, method: string, path: string, body: object): Promise<void> {
  const answer = await page.evaluate(
    async ([verb, url, text]) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: verb, headers, body: text });
      return response.ok ? null : await response.text();
    },
    [method, `/api/alerts/${path}`, JSON.stringify(body)] as const,
  );
  if (answer !== null) throw new Error(`${method} ${path}: ${answer}`);
}

/** What the file of the channel File holds: a notice a line. */
async function told({ data }: Program): Promise<readonly { readonly kind: string }[]> {
  const text = await readFile(join(data, "notices", "notices.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { kind: string });
}
