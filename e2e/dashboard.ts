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

/** One row of a chart's data table. */
export interface TableRow {
  /** Second of the day, UTC. */
  readonly second: number;
  /** What stands in the other columns; `–` is unknown. */
  readonly texts: readonly string[];
}

/** Reads a chart's data table, newest first, up to so many pages of 25 rows, through its menu as a person would. */
export async function readChart(page: Page, title: string, pages = 1): Promise<readonly TableRow[]> {
  await page.getByRole("button", { name: `${title}: more` }).click();
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
