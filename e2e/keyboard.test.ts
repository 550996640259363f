import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { browserSuite, openView, useBrowser, type View } from "./browser.ts";
import {
  goLive,
  goTo,
  listen,
  passSeconds,
  pressKey,
  secondOfDay,
  secondsBetween,
  signIn,
  untilStatus,
} from "./dashboard.ts";
import { type Program, startDemo } from "./program.ts";

browserSuite("by keyboard alone", () => {
  const browser = useBrowser();
  let demo: Program;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    demo = await startDemo();
    view = await openView(browser(), demo.port, { session: await signIn(demo) });
    page = view.page;
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });
  beforeEach(() => goLive(page, demo.port));

  it.each([
    ["Overview", 1440],
    ["Overview", 390],
    ["Settings", 1440],
  ] as const)(
    "Tab walks through every control of %s at %i px, seen and not covered, and out again",
    async (title, width) => {
      await page.setViewportSize({ width, height: 900 });
      await goTo(page, title);
      await pressKey(page, "Space");
      await untilStatus(page, "Paused");
      const walked = await walk(page);
      await page.setViewportSize({ width: 1440, height: 1000 });
      expect(walked.missed).toEqual([]);
      expect(walked.unseen).toEqual([]);
      expect(walked.covered).toEqual([]);
      expect(walked.leftAgain).toBe(true);
    },
  );

  it("skips to the content", async () => {
    await page.keyboard.press("Tab");
    expect(await focused(page).textContent()).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await focused(page).getAttribute("id")).toBe("main");
  });

  it("reads single points of a chart, in a polite live region", async () => {
    await page.getByRole("application", { name: /^Message rate\. Now: Out .+ per second, In / }).focus();
    const newest = await sayAfter(page, "End");
    expect(newest).toMatch(/^\d\d:\d\d:\d\d: Out \S+ per second, In \S+ per second$/);
    const before = await sayAfter(page, "ArrowLeft");
    expect(secondsBetween(timeOf(before), timeOf(newest))).toBe(1);
    expect(await page.locator(".tooltip").textContent()).toContain(before.slice(0, 8));
    expect(timeOf(await sayAfter(page, "ArrowRight"))).toBe(timeOf(newest));
    const oldest = await sayAfter(page, "Home");
    expect(secondsBetween(timeOf(oldest), timeOf(newest))).toBeGreaterThan(1);
    expect(await sayAfter(page, "ArrowDown")).toMatch(/^[\d:]{8}: Out \S+( per second)?$/);
    expect(await sayAfter(page, "ArrowDown")).toMatch(/^[\d:]{8}: In \S+( per second)?$/);
    expect(await sayAfter(page, "Enter")).toContain(", pinned: ");
    expect(await sayAfter(page, "Escape")).toMatch(/^Now: In /);
    expect(await page.locator(".tooltip").count()).toBe(0);
    expect(await liveRegion(page).getAttribute("aria-live")).toBe("polite");
  });

  it("reads single cells of the heatmap", async () => {
    await page.getByRole("application", { name: /^Latency distribution\. messages per .+ by latency/ }).focus();
    const newest = await sayAfter(page, "End");
    expect(newest).toMatch(/^\d\d:\d\d:\d\d, .+ to .+: \S+ messages$/);
    expect(await sayAfter(page, "ArrowUp")).not.toBe(newest);
    await page.keyboard.press("Escape");
  });

  it("opens the menu of a card, its table, and gives the focus back each time", async () => {
    const more = page.getByRole("button", { name: "Message rate: more" });
    await more.focus();
    await page.keyboard.press("Enter");
    await untilFocused(page, "View data table");
    expect(await more.getAttribute("aria-expanded")).toBe("true");
    await page.keyboard.press("ArrowDown");
    await untilFocused(page, "Open in History");
    await page.keyboard.press("End");
    await untilFocused(page, "Download PNG");
    await page.keyboard.press("ArrowDown");
    await untilFocused(page, "View data table");
    await page.keyboard.press("Escape");
    expect(await isFocused(more)).toBe(true);

    await page.keyboard.press("Enter");
    await untilFocused(page, "View data table");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Message rate" });
    await dialog.waitFor();
    expect(await dialog.getByRole("columnheader").allTextContents()).toEqual(["Time", "Out", "In"]);
    expect(await dialog.getByRole("row").count()).toBeGreaterThan(2);
    await expectFocusStays(page, dialog);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await until(() => isFocused(more), { what: "the button that opened the table to have the focus again" });
  });

  it("shows every shortcut with ?", async () => {
    await pressKey(page, "?");
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await help.waitFor();
    for (const label of ["Search or jump to", "Pause, go on", "Change theme", "Go to Settings", "Last 15 minutes"]) {
      expect(await help.getByText(label, { exact: true }).count(), label).toBe(1);
    }
    await expectFocusStays(page, help);
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
  });

  it("jumps with the palette and with g and a letter", async () => {
    const search = page.getByRole("button", { name: /^Search or jump to/ });
    await search.focus();
    await page.keyboard.press("Control+k");
    const field = page.getByRole("combobox", { name: "Search pages, queues, nodes and actions" });
    await field.fill("zzz");
    await page.getByText("Nothing is called that.").waitFor();
    await page.keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
    expect(await isFocused(search)).toBe(true);

    await page.keyboard.press("Control+k");
    await field.fill("sett");
    await page.getByRole("option", { name: /^Settings/, selected: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await pressKey(page, "g");
    await page.keyboard.press("o");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  });

  it("changes window and theme", async () => {
    await pressKey(page, "2");
    await page.getByRole("radio", { name: "15m", checked: true }).waitFor();
    expect(page.url()).toContain("w=15m");
    await pressKey(page, "1");
    await page.getByRole("radio", { name: "5m", checked: true }).waitFor();
    const themes = [];
    for (let times = 0; times < 3; times++) {
      await pressKey(page, "t");
      themes.push(await page.getByRole("button", { name: /^Theme: / }).getAttribute("title"));
    }
    expect(new Set(themes)).toEqual(new Set(["Theme: light", "Theme: dark", "Theme: system"]));
  });

  it("leaves Space to a focused button", async () => {
    await page.getByRole("button", { name: "Message rate: more" }).focus();
    await page.keyboard.press("Space");
    await untilFocused(page, "View data table");
    await untilStatus(page, "Live");
    await page.keyboard.press("Escape");
  });

  it("does without single keys when they are switched off, and remembers it", async () => {
    await goLive(page, demo.port, "#/settings");
    const single = page.getByRole("switch", { name: "Single-key shortcuts" });
    await single.focus();
    await page.keyboard.press("Space");
    expect(await single.isChecked()).toBe(false);
    await page.reload();
    await untilStatus(page, "Live");
    const theme = await page.getByRole("button", { name: /^Theme: / }).getAttribute("title");
    for (const key of ["Space", "t", "?", "g", "o"]) await pressKey(page, key);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Settings");
    expect(await page.getByRole("button", { name: /^Theme: / }).getAttribute("title")).toBe(theme);
    expect(await page.getByRole("dialog").count()).toBe(0);
    await untilStatus(page, "Live");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await single.check();
  });

  it("keeps quiet while the figures move: no live region tells of seconds", async () => {
    const heard = await listen(page);
    await passSeconds(page, 4);
    // A machine that is busy may make the page late; that is a state, and told without a figure.
    expect((await heard()).join(" ")).not.toMatch(/\d/);
  });
});

/** More than any page has controls. */
const MOST_STEPS = 100;

interface Walk {
  /** Controls that were not reached. */
  readonly missed: readonly string[];
  /** Controls whose focus can't be seen. */
  readonly unseen: readonly string[];
  /** Controls that something else lies on entirely. */
  readonly covered: readonly string[];
  /** The focus left the page after the last one. */
  readonly leftAgain: boolean;
}

/** Presses Tab until the focus leaves the page, or has had every chance to. */
async function walk(page: Page): Promise<Walk> {
  const controls = await page.evaluate(markControls);
  const reached = new Set<string>();
  const unseen: string[] = [];
  const covered: string[] = [];
  let leftAgain = false;
  for (let step = 0; step < MOST_STEPS && !leftAgain; step++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(describeFocus);
    if (at === null) leftAgain = reached.size > 0;
    else {
      reached.add(at.name);
      if (!at.seen) unseen.push(at.name);
      if (at.covered) covered.push(at.name);
    }
  }
  return { missed: controls.filter((name) => !reached.has(name)), unseen, covered, leftAgain };
}

/** Runs in the page: numbers what Tab should reach. */
function markControls(): string[] {
  const controls = [...document.querySelectorAll<HTMLElement>("a[href], button, input, select, [tabindex='0']")].filter(
    (element) => {
      if (element.tabIndex < 0 || element.matches(":disabled")) return false;
      // Of a radio group Tab reaches the one that is chosen.
      if (element instanceof HTMLInputElement && element.type === "radio" && !element.checked) return false;
      return element.checkVisibility() && element.getClientRects().length > 0;
    },
  );
  return controls.map((element, index) => {
    const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
    element.dataset.walk = `${index} ${element.tagName.toLowerCase()} ${label.trim().slice(0, 30)}`;
    return element.dataset.walk;
  });
}

/** Runs in the page: where the focus is, and whether eyes can tell. */
function describeFocus(): { name: string; seen: boolean; covered: boolean } | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body) return null;
  const shown = element.closest("label") ?? element;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  const points = [0.1, 0.5, 0.9].flatMap((x) =>
    [0.1, 0.5, 0.9].map((y) => [box.x + box.width * x, box.y + box.height * y]),
  );
  const onTop = points.some(([x = 0, y = 0]) => {
    const hit = document.elementFromPoint(x, y);
    return hit !== null && (shown.contains(hit) || hit.contains(shown));
  });
  return {
    name: element.dataset.walk ?? element.outerHTML.slice(0, 80),
    seen: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
    covered: !onTop,
  };
}

function liveRegion(page: Page): Locator {
  return page.locator("#app > p[role=status]");
}

/** Presses a key and answers with what the page says then. */
async function sayAfter(page: Page, key: string): Promise<string> {
  await liveRegion(page).evaluate((region) => {
    const before = region.textContent;
    Object.assign(window, {
      nextSaid: new Promise<string>((resolve) => {
        new MutationObserver((_records, observer) => {
          if (region.textContent === before) return;
          observer.disconnect();
          resolve(region.textContent);
        }).observe(region, { childList: true, characterData: true, subtree: true });
      }),
    });
  });
  await page.keyboard.press(key);
  return page.evaluate(() => (window as unknown as { nextSaid: Promise<string> }).nextSaid);
}

function timeOf(said: string): number {
  return secondOfDay(said.slice(0, 8));
}

function focused(page: Page): Locator {
  return page.locator(":focus");
}

/** Waits until the focus is on something with this text. */
async function untilFocused(page: Page, text: string): Promise<void> {
  await focused(page).filter({ hasText: text }).waitFor();
}

function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === document.activeElement);
}

/** A modal dialog keeps the focus, or lends it to the browser, however often Tab is pressed. */
async function expectFocusStays(page: Page, dialog: Locator): Promise<void> {
  for (let step = 0; step < 8; step++) {
    await page.keyboard.press("Tab");
    const inside = await dialog.evaluate(
      (element) => element.contains(document.activeElement) || document.activeElement === document.body,
    );
    expect(inside).toBe(true);
  }
}
