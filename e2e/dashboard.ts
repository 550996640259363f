import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import type { Program } from "./program.ts";

/** Address of the dashboard on a port, the hub's own or a proxy's. */
export function dashboardAt(port: number, hash = ""): string {
  return `http://127.0.0.1:${port}/dashboard${hash}`;
}

/** Trades the one-time link of a program for a session cookie, `name=value`. */
export async function signIn({ link }: Pick<Program, "link">): Promise<string> {
  const { origin, hash } = new URL(link);
  const response = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: hash.replace("#code=", "") }),
  });
  const [cookie] = response.headers.getSetCookie();
  if (!response.ok || cookie === undefined) throw new Error(`sign-in: expected a cookie, got ${response.status}`);
  return cookie.split(";", 1)[0] ?? "";
}

/** The word of the status in the header: `Live`, `Paused`, `Reconnecting`. */
export function statusWord(page: Page): Locator {
  return page.locator(".status-slot b");
}

/** Waits until the header says a word. */
export async function untilStatus(page: Page, word: string | RegExp): Promise<void> {
  const exact = typeof word === "string" ? new RegExp(`^${word}$`) : word;
  await statusWord(page).filter({ hasText: exact }).waitFor();
}

/** Waits until a page is there; the settings come when they are first asked for. */
export async function untilPage(page: Page, title: "Overview" | "Settings"): Promise<void> {
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  await page.locator(title === "Settings" ? "#appearance" : "main .plot >> nth=1").waitFor();
}

/** Goes to a page by its address, without loading anew. */
export async function goTo(page: Page, title: "Overview" | "Settings"): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${title.toLowerCase()}`);
  await untilPage(page, title);
}

/** Opens the dashboard and waits until it is live. */
export async function goLive(page: Page, port: number, hash = ""): Promise<void> {
  await page.goto(dashboardAt(port, hash));
  await untilStatus(page, "Live");
}

/** Presses a key for the page, and not for what has the focus: Space would press a button. */
export async function pressKey(page: Page, key: string): Promise<void> {
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  await page.keyboard.press(key);
}

/** Waits until a live page has gone on by so many seconds. */
export async function passSeconds(page: Page, seconds: number): Promise<void> {
  const clock = page.locator(".rail-clock strong");
  let last = await clock.textContent();
  for (let passed = 0; passed < seconds; passed++) {
    await until(async () => (await clock.textContent()) !== last, { what: "the next second", timeoutMs: 20_000 });
    last = await clock.textContent();
  }
}

/**
 * Listens to a page as a screen reader would: answers, when asked, with every
 * text that a live region came to have, in order.
 */
export async function listen(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(() => {
    const known = new Map<Element, string>();
    const heard: string[] = [];
    const read = (): void => {
      for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
        const spoken = region.cloneNode(true) as Element;
        for (const hidden of spoken.querySelectorAll("[aria-hidden=true]")) hidden.remove();
        const text = spoken.textContent.replaceAll(/\s+/g, " ").trim();
        if (text !== (known.get(region) ?? "")) heard.push(text);
        known.set(region, text);
      }
    };
    read();
    heard.length = 0;
    new MutationObserver(read).observe(document.body, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { heard });
  });
  return () => page.evaluate(() => (window as unknown as { heard: readonly string[] }).heard);
}

/** One row of a chart's data table. */
export interface TableRow {
  /** Second of the day, UTC. */
  readonly second: number;
  /** What stands in the other columns; `–` is unknown. */
  readonly texts: readonly string[];
}

/** Reads a chart's data table, newest first, up to so many pages of 25 rows, through its menu as a person would. */
export async function readChart(page: Page, title: string, pages = 1): Promise<readonly TableRow[]> {
  const more = page.getByRole("button", { name: `${title}: more` });
  await more.click();
  await page.getByRole("menuitem", { name: "View data table" }).click();
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.getByRole("table").waitFor();
  const rows = await readRows(dialog);
  const older = dialog.getByRole("button", { name: "Older rows" });
  for (let turned = 1; turned < pages && (await older.isEnabled()); turned++) {
    await older.click();
    rows.push(...(await readRows(dialog)));
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  // A moment later the focus is where it was: until then keys go to the page, and from then on to a button.
  await until(() => more.evaluate((button) => button === document.activeElement), { what: `the focus on ${more}` });
  return rows;
}

async function readRows(dialog: Locator): Promise<TableRow[]> {
  const cells = await dialog
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  return cells.map(([time = "", ...texts]) => ({ second: secondOfDay(time), texts }));
}

/** Second of the day of `HH:MM:SS`. */
export function secondOfDay(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}

/** Seconds from one time of day to a later one, past midnight or not. */
export function secondsBetween(from: number, to: number): number {
  return (to - from + 86_400) % 86_400;
}
